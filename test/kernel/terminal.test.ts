import t from 'tap';
import { isInBackground, keyModes } from '../../src/kernel/terminal.ts';

const statOf = (group: number, foreground: number) => (): string =>
  `4711 (a name) with (brackets) S 1 ${group} 77 34816 ${foreground} 4194304 1`;

t.test('in the background: another process group has the terminal', (t) => {
  t.equal(isInBackground(statOf(100, 100)), false);
  t.equal(isInBackground(statOf(100, 200)), true);
  t.equal(isInBackground(statOf(100, -1)), false, 'no terminal, no job control');
  t.equal(
    isInBackground(() => undefined),
    false,
    'no /proc',
  );
  t.end();
});

t.test('what is no terminal has no modes', (t) => {
  t.equal(keyModes(99), null);
  t.end();
});
