/** `docs/reference/commands/`: a page for each command, from the table of commands and those of their options. */
import { COMMANDS, type CommandRow } from '../../src/cli/commands.ts';
import { envName, type OptionSpec, type OptionTable } from '../../src/options/tables.ts';
import { code, firstUpper, page, prose } from './markdown.ts';

/** In the order of the index. */
export const DOCUMENTED_COMMANDS = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];

export function commandPage(command: keyof typeof COMMANDS): string {
  const { help, examples, options: table }: CommandRow = COMMANDS[command];
  const groups = [...new Set(Object.values(table).map(({ group }) => group))];
  const positional = Object.entries(table).find(([, spec]) => spec.positional === true);
  const usage = `conngen ${command}${positional === undefined ? '' : ` [${positional[1].value}${positional[1].repeatable === true ? ' …' : ''}]`} [OPTIONS]`;
  const file = Object.hasOwn(table, 'config') ? ' or from the file of `--config`' : '';
  return page(
    `conngen ${command}`,
    '`src/cli/commands.ts` and `src/options/`',
    `${firstUpper(prose(help))}.`,
    `\`\`\`\n${usage}\n\`\`\``,
    examplesOf(examples),
    `Every option can also come from a \`CONNGEN_…\` variable${file}: see [configuration](../../guide/configuration.md). ` +
      'The same texts are in `conngen ' +
      `${command} --help-all\`.`,
    ...groups.map((group) => groupSection(group, table)),
  );
}

function examplesOf(examples: CommandRow['examples']): string {
  if (examples.length === 0) return '';
  const lines = examples.flatMap(([line, help]) => [`# ${firstUpper(help)}`, line.replace('$0', 'conngen')]);
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
}

function groupSection(group: string, table: OptionTable): string {
  const options = Object.entries(table).filter(([, spec]) => spec.group === group);
  return [`## ${group}`, ...options.map(([name, spec]) => optionSection(name, spec))].join('\n\n');
}

function optionSection(name: string, spec: OptionSpec): string {
  const title = spec.positional === true ? spec.value : `--${name}`;
  return [`### ${code(title)}`, formsOf(name, spec), `${firstUpper(prose(spec.help))}.`].join('\n\n');
}

/** The spellings of an option, its default and where else it can be set. */
function formsOf(name: string, spec: OptionSpec): string {
  const value = spec.value === '' ? '' : ` ${spec.value}`;
  const flags = [name, ...(spec.alias ?? [])].map((each) => `${each.length === 1 ? '-' : '--'}${each}${value}`);
  const facts = [
    spec.positional === true ? code(spec.value) : flags.map(code).join(', '),
    ...defaultOf(spec),
    ...(spec.repeatable === true ? ['repeatable'] : []),
    `environment ${code(envName(name))}`,
  ];
  return facts.join(' · ');
}

function defaultOf({ default: text, defaultHelp, isSwitch }: OptionSpec): string[] {
  if (isSwitch === true) return [];
  if (text !== undefined) return [`default ${code(text)}`];
  return defaultHelp === undefined ? [] : [`default: ${prose(defaultHelp)}`];
}
