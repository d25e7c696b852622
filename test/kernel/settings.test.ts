import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadSettings, parseSettings } from '../../src/kernel/settings.ts';
import { ROOT } from '../support/cli.ts';

const LINE = 'net.core.somaxconn\t65535\tserver,client\tat-least\t-\tWhy.';

t.test('a line of the table', async (t) => {
  t.same(parseSettings(`# a remark\n\n${LINE}\n`), [
    {
      key: 'net.core.somaxconn',
      value: '65535',
      sides: ['server', 'client'],
      how: 'at-least',
      since: null,
      reason: 'Why.',
    },
  ]);
  t.equal(parseSettings(LINE.replace('\t-\t', '\t4.7\t'))[0]?.since, '4.7');
});

t.test('what is no line of the table is refused, with the line', async (t) => {
  const wrong = [
    LINE.replaceAll('\t', ' '),
    LINE.replace('at-least', 'about'),
    LINE.replace('server', 'servant'),
    `${LINE}\tmore`,
    LINE.replace('65535', ''),
  ];
  for (const line of wrong)
    t.throws(() => parseSettings(`${LINE}\n${line}`), { message: `no line of settings.tsv: ${line}` });
});

t.test('the table that comes with the package', async (t) => {
  const settings = loadSettings();
  const lines = readFileSync(`${ROOT}/kernel-tuning/settings.tsv`, 'utf8').split('\n');
  t.equal(settings.size, lines.filter((line) => line !== '' && !line.startsWith('#')).length);
  const used = [
    'net.ipv4.tcp_tw_reuse',
    'net.ipv4.tcp_timestamps',
    'net.ipv4.tcp_max_tw_buckets',
    'net.core.somaxconn',
    'net.ipv4.tcp_max_syn_backlog',
    'net.core.netdev_max_backlog',
    'net.netfilter.nf_conntrack_max',
    'fs.file-max',
  ];
  for (const key of used) t.ok(settings.has(key), `${key}, which the doctor looks up`);
});
