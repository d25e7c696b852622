/** The looks of charts. */

/** Returns the CSS of charts and of what the script adds to the page. The page's own is in `page-styles.ts`. */
export function chartStyles(): string {
  return '';
}
