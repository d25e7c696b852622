/** Completions for shells, made from the option tables. The scripts are static text, so that a shell waits for nothing. */
import { groupsOf, type OptionDescription } from '../../options/describe.ts';
import type { Shell } from '../../options/tables/completion.ts';
import type { CommandRows } from '../command-row.ts';

/** The script for `shell`: source it, or put it where the shell looks for completions. */
export function completionScript(shell: Shell, commands: CommandRows): string {
  const described = Object.entries(commands).map(([name, { help, options }]): DescribedCommand => {
    const all = groupsOf(options).flatMap((group) => group.options);
    return {
      name,
      help,
      flags: [...all.filter(({ isPositional }) => !isPositional).map(flagOf), ...HELP_FLAGS],
      argument: all.filter(({ isPositional }) => isPositional).map(flagOf)[0] ?? null,
    };
  });
  return SCRIPTS[shell](described);
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly DescribedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

interface DescribedCommand {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly Flag[];
  /** What stands without a name. */
  readonly argument: Flag | null;
}

/** What can be suggested for a value. `none`: a switch has no value; `text`: nothing can be suggested. */
type Suggestion =
  | { readonly kind: 'none' | 'text' | 'file' | 'directory' }
  | { readonly kind: 'words'; readonly words: readonly (readonly [word: string, meaning: string])[] };

interface Flag {
  /** With hyphens; of an argument what stands for it. */
  readonly names: readonly string[];
  readonly help: string;
  readonly value: string;
  readonly suggestion: Suggestion;
  readonly isRepeatable: boolean;
}

const HELP_FLAGS: readonly Flag[] = [
  { names: ['-h', '--help'], help: 'show the help of common options', ...switchParts() },
  { names: ['--help-all'], help: 'show the help of all options', ...switchParts() },
];

function switchParts(): Pick<Flag, 'value' | 'suggestion' | 'isRepeatable'> {
  return { value: '', suggestion: { kind: 'none' }, isRepeatable: false };
}

function flagOf(option: OptionDescription): Flag {
  const { flags, help, value, isPositional, isRepeatable } = option;
  return {
    names: flags,
    help: firstPhrase(help),
    value: isPositional ? flags[0]! : value,
    suggestion: suggestionFor(option),
    isRepeatable,
  };
}

function suggestionFor({ words, value, flags, isSwitch, isPositional }: OptionDescription): Suggestion {
  if (isSwitch) return { kind: 'none' };
  if (words.length > 0) return { kind: 'words', words: words.map(([word, meaning]) => [typed(word), meaning]) };
  const kind = isPositional ? flags[0] : value;
  if (kind === 'FILE') return { kind: 'file' };
  return { kind: kind === 'DIR' ? 'directory' : 'text' };
}

/** The part of a word before the place for a value: `bytes:` of `bytes:N`. */
function typed(word: string): string {
  return word.replace(/[A-Z].*$/, '');
}

/** Descriptions stand on one line of a menu. */
function firstPhrase(help: string): string {
  return help.split(/[;:(]/)[0]!.trim();
}

function bashScript(commands: readonly DescribedCommand[]): string {
  const cases = commands.map(({ name, flags, argument }) => {
    const values = flags.map(({ names, suggestion }) => bashValues(names, suggestion)).filter((line) => line !== '');
    const words = flags.flatMap(({ names }) => names).join(' ');
    const bare =
      argument === null ? '' : `\n      if [[ $word != -* ]]; then ${bashReply(argument.suggestion)}; return; fi`;
    return `    ${name})
      case $previous in
${values.join('\n')}
      esac${bare}
      COMPREPLY=($(compgen -W '${words}' -- "$word"))
      ;;`;
  });
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion for conngen. Use it now: source <(conngen completion bash)
_conngen() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # bash takes = and : for words of their own.
  if [ "$word" = '=' ]; then
    word=
  elif [ "$previous" = '=' ]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} help --help --version' -- "$word"))
    return
  fi
  case $command in
    help)
      COMPREPLY=($(compgen -W '${names}' -- "$word"))
      ;;
${cases.join('\n')}
  esac
}
complete -o bashdefault -F _conngen conngen
`;
}

function bashValues(names: readonly string[], suggestion: Suggestion): string {
  if (suggestion.kind === 'none') return '';
  return `        ${names.join(' | ')}) ${bashReply(suggestion)}; return ;;`;
}

function bashReply(suggestion: Suggestion): string {
  switch (suggestion.kind) {
    case 'none':
    case 'text':
      return ':';
    case 'file':
      return 'COMPREPLY=($(compgen -f -- "$word"))';
    case 'directory':
      return 'COMPREPLY=($(compgen -d -- "$word"))';
    case 'words':
      return `COMPREPLY=($(compgen -W '${suggestion.words.map(([word]) => word).join(' ')}' -- "$word"))`;
  }
}

function zshScript(commands: readonly DescribedCommand[]): string {
  const cases = commands.map(({ name, flags, argument }) => {
    const specs = [...flags.flatMap(zshSpecs), ...zshArgument(argument)];
    return `    ${name})
      _arguments -s ${specs.map((spec) => `\\\n        ${spec}`).join(' ')}
      ;;`;
  });
  const names = commands.map(({ name, help }) => `    ${zshQuoted(`${name}:${help.replaceAll(':', String.raw`\:`)}`)}`);
  return `#compdef conngen
# zsh completion for conngen. Use it now: source <(conngen completion zsh)
_conngen() {
  local -a commands
  commands=(
${names.join('\n')}
    'help:show the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help)
      _describe command commands
      ;;
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _conngen ]; then _conngen "$@"; else compdef _conngen conngen; fi
`;
}

function zshSpecs({ names, help, value, suggestion, isRepeatable }: Flag): string[] {
  const action = zshAction(suggestion);
  const others = isRepeatable ? '*' : `(${names.join(' ')})`;
  const described = help.replaceAll(/[[\]\\:]/g, String.raw`\$&`);
  const argument = action === null ? '' : `:${zshMessage(value)}:${action}`;
  return names.map((name) => zshQuoted(`${others}${name}[${described}]${argument}`));
}

function zshArgument(argument: Flag | null): string[] {
  if (argument === null) return [];
  const { value, suggestion, isRepeatable } = argument;
  return [zshQuoted(`${isRepeatable ? '*' : '1'}:${zshMessage(value)}:${zshAction(suggestion) ?? ' '}`)];
}

function zshMessage(value: string): string {
  return value.replaceAll(':', String.raw`\:`);
}

function zshAction(suggestion: Suggestion): string | null {
  switch (suggestion.kind) {
    case 'none':
      return null;
    case 'text':
      return ' ';
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'words':
      return `(${suggestion.words.map(([word]) => zshMessage(word)).join(' ')})`;
  }
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fishScript(commands: readonly DescribedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const first = commands.map(
    ({ name, help }) => `complete -c conngen -n __fish_use_subcommand -a ${name} -d ${fishQuoted(help)}`,
  );
  const rest = commands.flatMap(({ name, flags, argument }) => {
    const condition = `-n "__fish_seen_subcommand_from ${name}"`;
    const options = flags.map(({ names: flagNames, suggestion, help }) => {
      const words = flagNames.map((each) => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
      return `complete -c conngen ${condition} ${words.join(' ')} ${fishArgument(suggestion)}-d ${fishQuoted(help)}`;
    });
    if (argument === null || argument.suggestion.kind === 'text') return options;
    return [...options, `complete -c conngen ${condition} ${fishArgument(argument.suggestion).replace(/^-[xr] /, '')}`];
  });
  return `# fish completion for conngen. Use it now: conngen completion fish | source
complete -c conngen -f
complete -c conngen -n __fish_use_subcommand -a help -d 'show the help of a command'
complete -c conngen -n "__fish_seen_subcommand_from help" -a "${names}"
${[...first, ...rest].join('\n')}
`;
}

function fishArgument(suggestion: Suggestion): string {
  switch (suggestion.kind) {
    case 'none':
      return '';
    case 'text':
      return '-x ';
    case 'file':
      return '-r -F ';
    case 'directory':
      return '-x -a "(__fish_complete_directories)" ';
    case 'words':
      return `-x -a ${fishQuoted(suggestion.words.map(([word, meaning]) => fishWord(word, meaning)).join(' '))} `;
  }
}

/** A word with its meaning behind a tab, quoted for the second reading that fish gives the list. */
function fishWord(word: string, meaning: string): string {
  return meaning === '' ? word : `${word}\\t"${meaning.replaceAll(/["$\\]/g, '')}"`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
