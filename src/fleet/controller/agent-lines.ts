/** What is said of each of many agents, in few lines. */

/** Up to as many agents have a line each. */
const LINES_MAX = 12;
const NAMES_SHOWN = 4;

/** Something about an agent. */
export interface Said {
  readonly name: string;
  readonly text: string;
}

/** Returns a line for each agent; where there are many, one for all of whom the same is said, and at most 12 in all. */
export function agentLines(said: readonly Said[]): string[] {
  if (said.length <= LINES_MAX) return said.map(({ name, text }) => `${name}: ${text}`);
  const names = new Map<string, string[]>();
  for (const { name, text } of said) {
    const same = names.get(text);
    if (same === undefined) names.set(text, [name]);
    else same.push(name);
  }
  const groups = [...names];
  const shown = groups.length <= LINES_MAX ? groups : groups.slice(0, LINES_MAX - 1);
  const left = groups.slice(shown.length).reduce((sum, [, each]) => sum + each.length, 0);
  return [
    ...shown.map(([text, each]) => `${shortList(each)}: ${text}`),
    ...(left === 0 ? [] : [`and ${left} more agents`]),
  ];
}

/** Returns the first names of a list, and how many more there are. */
export function shortList(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}
