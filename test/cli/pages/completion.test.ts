/** The completions, asked in the shells themselves. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { SHELLS, type Shell } from '../../../src/options/tables/completion.ts';
import { completionScript } from '../../../src/cli/pages/completion.ts';
import { runCli } from '../../support/cli.ts';

function skipOf(shell: Shell): false | string {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0 ? false : `needs ${shell}`;
}

/** What `shell` says to a script, one word a line. */
function said(shell: Shell, args: readonly string[], script: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell, [...args, '-c', script], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

type Case = readonly [words: readonly string[], has: readonly string[], hasNot: readonly string[]];

/** A command line up to the word that is completed, and what must, and must not, be suggested. */
const CASES: readonly Case[] = [
  [['cl'], ['client'], ['server']],
  [['client', '--eng'], ['--engine'], ['--rate']],
  [['client', '--engine', 'u'], ['uring'], ['epoll']],
  [['search', '--profile', 'rfc96'], ['rfc9693-nat'], ['quick']],
  [['client', '--finish', 'ha'], ['half-close'], ['eof']],
  [['lab', 'ab'], ['abstraction'], ['rtt']],
  [['completion', 'z'], ['zsh'], ['bash']],
  [['server', '--mode', 're'], ['respond', 'reset'], ['echo']],
];

function expectAll(t: Test, suggest: (words: readonly string[]) => readonly string[]): void {
  for (const [words, has, hasNot] of CASES) {
    const suggested = suggest(words);
    for (const word of has)
      t.ok(suggested.includes(word), `${words.join(' ')} suggests ${word}: ${suggested.join(' ')}`);
    for (const word of hasNot) t.notOk(suggested.includes(word), `${words.join(' ')} does not suggest ${word}`);
  }
}

t.test('bash', { skip: skipOf('bash') }, (t) => {
  const file = join(t.testdir({ 'a-payload': '', 'a-directory': {} }), 'script');
  writeFileSync(file, completionScript('bash', COMMANDS));
  const suggest = (words: readonly string[]): string[] => {
    const typed = ['conngen', ...words].map((word) => `'${word}'`).join(' ');
    return said(
      'bash',
      ['--norc'],
      `source '${file}'; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _conngen; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
  };
  expectAll(t, suggest);
  const payload = join(t.testdirName, 'a-');
  t.same(suggest(['client', '--payload', payload]).sort(), [`${payload}directory`, `${payload}payload`]);
  t.same(suggest(['client', '--engine', '=', 'u']), ['uring'], 'with an equals sign');
  t.end();
});

t.test('zsh', { skip: skipOf('zsh') }, (t) => {
  const directory = t.testdir({});
  writeFileSync(join(directory, '_conngen'), completionScript('zsh', COMMANDS));
  // zsh completes at a prompt only: it gets one from a pseudo-terminal of its own module, and lists what it finds.
  const suggest = (words: readonly string[]): string[] => {
    const script = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=READY; LISTMAX=0; fpath=('${directory}' \\$fpath); autoload -Uz compinit; compinit -u -d '${directory}/dump'"
zpty -w z "zstyle ':completion:*' list-grouped false; zstyle ':completion:*' verbose false; bindkey '^I' list-choices; setopt no_auto_menu; stty -echo"
sleep 1.5
zpty -w -n z $'conngen ${words.join(' ')}\\t'
sleep 1
zpty -r -t z out; print -r -- "$out"; while zpty -r -t z out; do print -r -- "$out"; done
zpty -d z`;
    const text = said('zsh', ['-f'], script).join('\n');
    // The line as typed comes back too; what is suggested stands behind it.
    return text.split(/[\s\u0007\u001b[\]]+/);
  };
  const suggested = suggest(['client', '--engine', '']);
  for (const word of ['uring', 'epoll', 'node']) t.ok(suggested.includes(word), `${word} in ${suggested.join(' ')}`);
  t.ok(suggest(['client', '--payl']).some((word) => word.includes('--payload-size')));
  t.end();
});

t.test('fish', { skip: skipOf('fish') }, (t) => {
  const file = join(t.testdir({}), 'script');
  writeFileSync(file, completionScript('fish', COMMANDS));
  expectAll(t, (words) =>
    said('fish', ['--no-config'], `source '${file}'; complete -C 'conngen ${words.join(' ')}'`).map(
      (line) => line.split('\t')[0]!,
    ),
  );
  t.end();
});

t.test('the command prints the scripts, and says which shells there are', async (t) => {
  for (const shell of SHELLS) {
    t.match(await runCli(['completion', shell]), { code: 0, stdout: completionScript(shell, COMMANDS), stderr: '' });
  }
  t.match(await runCli(['completion']), {
    code: 2,
    stdout: '',
    stderr: /^shell: got nothing, expected bash, zsh, fish/,
  });
  t.match(await runCli(['completion', 'ksh']), { code: 2, stderr: /^shell: got "ksh", expected bash, zsh or fish/ });
});
