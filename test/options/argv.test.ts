import t from 'tap';
import { spellOut, spellOutSides } from '../../src/options/argv.ts';
import { TABLES } from '../../src/cli/commands.ts';

function spelled(line: string): string {
  return spellOut(line.split(' '), Object.values(TABLES)).join(' ');
}

t.test('every flag as --name=value', (t) => {
  for (const [line, expected] of [
    ['client --rate 5 -d 3s', 'client --rate=5 --duration=3s'],
    ['client --rate=5 -r=6 -r7', 'client --rate=5 --rate=6 --rate=7'],
    ['client --json - a:1', 'client --json=- a:1'],
    ['client --rate -5', 'client --rate=-5'],
    ['client --local-ip 127.0.0.1', 'client --source=127.0.0.1'],
    ['client --quiet a:1 -q', 'client --quiet=true a:1 --quiet=true'],
    ['client -4 a:1 -6', 'client --ipv4=true a:1 --ipv6=true'],
    ['client --quiet=false', 'client --quiet=false'],
    ['client --rate --duration 5', 'client --rate= --duration=5'],
    ['client --rate -d 5', 'client --rate= --duration=5'],
    ['client --rate --raet', 'client --rate= --raet'],
    ['client --rate', 'client --rate='],
    ['client --raet 5', 'client --raet 5'],
    ['client -- --rate 5', 'client -- --rate 5'],
    ['--help', '--help'],
  ] as const) {
    t.equal(spelled(line), expected, line);
  }
  t.end();
});

t.test('a -- between two sides: flags behind it are flags', (t) => {
  for (const [line, expected] of [
    ['compare a b -- c --force d', 'compare a b --force=true -- c d'],
    ['compare a -- - --margin 5% -q', 'compare a --margin=5% --quiet=true -- -'],
    ['compare a b --margin 5%', 'compare a b --margin=5%'],
    ['compare a -- b --margin', 'compare a --margin= -- b'],
  ] as const) {
    t.equal(spellOutSides(line.split(' '), Object.values(TABLES)).join(' '), expected, line);
  }
  t.end();
});
