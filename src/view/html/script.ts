/** What runs in the page. */

/** Returns the texts of the page's scripts, in the order in which they run, at the end of the body. None holds `</script`. */
export function pageScripts(): readonly string[] {
  return [];
}
