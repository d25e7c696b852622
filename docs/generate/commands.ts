/** `docs/reference/commands/`: a page for each command, from the table of commands and those of their options. */
import type { CommandRow } from '../../src/cli/command-row.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { envName } from '../../src/options/names.ts';
import { groupsOf, type OptionDescription, type OptionGroup } from '../../src/options/describe.ts';
import { bullets, code, firstUpper, page, prose } from './markdown.ts';

/** In the order of the index. */
export const DOCUMENTED_COMMANDS = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];

export function commandPage(command: keyof typeof COMMANDS): string {
  const { help, examples, options: table }: CommandRow = COMMANDS[command];
  const groups = groupsOf(table);
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
      `\`conngen ${command} --help-all\` prints the options in short.`,
    ...groups.map(groupSection),
  );
}

function examplesOf(examples: CommandRow['examples']): string {
  if (examples.length === 0) return '';
  const lines = examples.flatMap(([line, help]) => [`# ${firstUpper(help)}`, line.replace('$0', 'conngen')]);
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
}

function groupSection({ heading, options }: OptionGroup): string {
  return [`## ${heading}`, ...options.map(optionSection)].join('\n\n');
}

function optionSection(option: OptionDescription): string {
  const title = option.isPositional ? option.flags[0]! : `--${option.name}`;
  return [
    `### ${code(title)}`,
    formsOf(option),
    `${firstUpper(prose(option.help))}.`,
    ...wordsOf(option),
    ...option.details.map(prose),
  ].join('\n\n');
}

/** The spellings of an option, its default, its range and where else it can be set. */
function formsOf({
  name,
  flags,
  value,
  default: standard,
  isDefaultPhrase,
  range,
  isRepeatable,
}: OptionDescription): string {
  const typed = flags.map((flag) => code(value === '' ? flag : `${flag} ${value}`));
  const facts = [
    typed.join(', '),
    ...(standard === null ? [] : [isDefaultPhrase ? `default: ${prose(standard)}` : `default ${code(standard)}`]),
    ...(range === null ? [] : [`${code(range.min)} to ${code(range.max)}`]),
    ...(isRepeatable ? ['repeatable'] : []),
    `environment ${code(envName(name))}`,
  ];
  return facts.join(' · ');
}

/** What each word means, where the words do not say it themselves. */
function wordsOf({ words }: OptionDescription): string[] {
  const explained = words.filter(([, meaning]) => meaning !== '');
  return explained.length === 0
    ? []
    : [bullets(explained.map(([word, meaning]) => `${code(word)}: ${prose(meaning)}`))];
}
