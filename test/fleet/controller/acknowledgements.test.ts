import t from 'tap';
import { Acknowledgements } from '../../../src/fleet/controller/acknowledgements.ts';
import { Member } from '../../../src/fleet/controller/member.ts';
import type { Report } from '../../../src/fleet/protocol.ts';
import { description } from '../../support/agents.ts';

function membersOf(count: number): Member[] {
  return Array.from({ length: count }, (_, at) => {
    const share = { turns: [at], of: count };
    return new Member(description(`agent-${at}`), share, { index: 0, of: 1 });
  });
}

function take(member: Member, number: number): void {
  const report: Report = { run: 'a-run-of-tests', instance: 'i', number, kind: 'stage', stage: 0 };
  member.inbox.take(report, new Uint8Array(0), () => undefined);
}

t.test('every beat names up to 64 agents', (t) => {
  const members = membersOf(64);
  const acknowledgements = new Acknowledgements(members);
  take(members[3]!, 0);
  for (let beat = 0; beat < 3; beat++) {
    const said = acknowledgements.next();
    t.equal(Object.keys(said).length, 64);
    t.match(said, { 'agent-2': 0, 'agent-3': 1 });
  }
  t.end();
});

t.test('of 1 000 agents each is named within 16 beats, and no beat is larger', (t) => {
  const acknowledgements = new Acknowledgements(membersOf(1000));
  const named = new Set<string>();
  for (let beat = 0; beat < 16; beat++) {
    const names = Object.keys(acknowledgements.next());
    t.equal(names.length, 64);
    for (const name of names) named.add(name);
  }
  t.equal(named.size, 1000);
  t.end();
});

t.test('an agent of which a report is missing is named in every beat, and the others have their turns', (t) => {
  const members = membersOf(500);
  const acknowledgements = new Acknowledgements(members);
  take(members[499]!, 5);
  const named = new Set<string>();
  for (let beat = 0; beat < 8; beat++) {
    const said = acknowledgements.next();
    t.equal(said['agent-499'], 0);
    t.equal(members[499]!.inbox.gapTold, beat + 1);
    for (const name of Object.keys(said)) named.add(name);
  }
  t.equal(named.size, 500);
  for (let number = 0; number < 5; number++) take(members[499]!, number);
  t.equal(members[499]!.inbox.gapTold, 0);
  t.notOk('agent-499' in acknowledgements.next() && 'agent-499' in acknowledgements.next(), 'it has its turn again');
  t.end();
});

t.test('where all have something missing, all have their turn', (t) => {
  const members = membersOf(200);
  for (const member of members) take(member, 1);
  const acknowledgements = new Acknowledgements(members);
  const named = new Set<string>();
  for (let beat = 0; beat < 7; beat++) for (const name of Object.keys(acknowledgements.next())) named.add(name);
  t.equal(named.size, 200);
  t.end();
});
