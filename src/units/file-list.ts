/** Files in a message: a few by name, and how many more there are. */

/** `a.json`, `a.json, b.json`, `a-1.json, a-2.json, … and 12 more`. */
export function nameFiles(files: readonly string[]): string {
  if (files.length <= FILES_NAMED + 1) return files.join(', ');
  return `${files.slice(0, FILES_NAMED).join(', ')}, … and ${files.length - FILES_NAMED} more`;
}

const FILES_NAMED = 2;

/** What is said of these runs stands behind it: the file, or `14 runs (a-1.json, a-2.json, … and 12 more)`. */
export function runsIn(files: readonly string[]): string {
  return files.length === 1 ? files[0]! : `${files.length} runs (${nameFiles(files)})`;
}
