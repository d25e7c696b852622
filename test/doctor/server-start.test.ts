import t from 'tap';
import { serverStartWarnings } from '../../src/doctor/server-start.ts';
import { ORDINARY, reading } from '../support/machines.ts';
import { planServer } from '../support/plans.ts';

async function planned() {
  const { plan } = await planServer({});
  if (plan === null) throw new Error('no plan');
  return plan;
}

t.test('an ordinary machine: nothing to say', async (t) => {
  t.same(serverStartWarnings(await planned(), false, reading(ORDINARY)), []);
  t.same(serverStartWarnings(await planned(), false, reading({})), [], 'nor where nothing can be read');
});

t.test('few open files', async (t) => {
  const plan = { ...(await planned()), maxConnections: 120 };
  t.match(serverStartWarnings(plan, false, reading(ORDINARY)), [
    /^open_files: .* 120 connections .* Fix: ulimit -n 65536$/,
  ]);
  t.same(serverStartWarnings(plan, true, reading(ORDINARY)), [], 'not where --max-connections asked for it');
});

t.test('tcp_max_syn_backlog counts without SYN cookies', async (t) => {
  const files = { ...ORDINARY, '/proc/sys/net/ipv4/tcp_syncookies': '0' };
  t.match(serverStartWarnings(await planned(), false, reading(files)), [
    /^tcp_max_syn_backlog: 2,048, needs 5,462 .*=65535$/,
  ]);
  const high = { ...files, '/proc/sys/net/ipv4/tcp_max_syn_backlog': '65535' };
  t.same(serverStartWarnings(await planned(), false, reading(high)), []);
});

t.test('the packet engine has neither files nor a SYN queue of the kernel', async (t) => {
  const packet = { interfaceName: 'eth0', gateway: null, vlan: null, addresses: [] };
  const plan = { ...(await planned()), maxConnections: 120, packet };
  t.same(serverStartWarnings(plan, false, reading({ ...ORDINARY, '/proc/sys/net/ipv4/tcp_syncookies': '0' })), []);
});
