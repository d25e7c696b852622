/** The table of commands: what each is called, takes and is for. Its code is loaded when it runs. */
import { AGENT_OPTIONS } from '../options/tables/agent.ts';
import { CLIENT_OPTIONS } from '../options/tables/client.ts';
import { COMPARE_OPTIONS } from '../options/tables/compare.ts';
import { COMPLETION_OPTIONS } from '../options/tables/completion.ts';
import { DEMO_OPTIONS } from '../options/tables/demo.ts';
import { DOCTOR_OPTIONS } from '../options/tables/doctor.ts';
import { FLEET_COMMAND_OPTIONS } from '../options/tables/fleet.ts';
import { LAB_OPTIONS } from '../options/tables/lab.ts';
import { REPORT_OPTIONS } from '../options/tables/report.ts';
import { RTT_OPTIONS } from '../options/tables/rtt.ts';
import { SATURATE_OPTIONS } from '../options/tables/saturate.ts';
import { SEARCH_OPTIONS } from '../options/tables/search.ts';
import { SERVER_OPTIONS } from '../options/tables/server.ts';
import type { OptionTable } from '../units/option.ts';
import type { CommandRow } from './command-row.ts';

export const COMMANDS = {
  client: {
    usage: 'client [target]',
    help: 'load at a fixed rate, and which side caused failures',
    examples: [
      ['$0 client 10.0.0.5:80 --rate 5000', '5000 connections/s for 10 s'],
      ['$0 client [::1]:80 --rate 1k --rate 2k --json -', 'two rounds, with the result as JSON'],
      ['$0 client example.org:80 --rate max --payload get.req --finish eof', 'as fast as possible, with a request'],
    ],
    options: CLIENT_OPTIONS,
    load: async () => (await import('./commands/client.ts')).clientCommand,
  },
  search: {
    usage: 'search [target]',
    help: 'find the highest rate that meets a goal',
    examples: [
      ['$0 search 10.0.0.5:80', 'the highest rate with a loss of at most 0.1 %'],
      ["$0 search 10.0.0.5:80 --goal 'p99(total)<=20ms' --goal 'loss<=0.001%'", 'two goals, an answer for each'],
    ],
    options: SEARCH_OPTIONS,
    load: async () => (await import('./commands/search.ts')).searchCommand,
  },
  saturate: {
    usage: 'saturate [target]',
    help: 'raise the rate until latency starts to climb',
    examples: [['$0 saturate 10.0.0.5:80 --start 50 --factor 1.25', 'until p90 has doubled']],
    options: SATURATE_OPTIONS,
    load: async () => (await import('./commands/saturate.ts')).saturateCommand,
  },
  server: {
    usage: 'server',
    help: 'accept connections: the target for a client',
    examples: [['$0 server --port 2345 --listeners 2', 'echo on two threads']],
    options: SERVER_OPTIONS,
    load: async () => (await import('./commands/server.ts')).serverCommand,
  },
  doctor: {
    usage: 'doctor [target]',
    help: 'check that this machine can generate the load; sends nothing',
    examples: [
      ['$0 doctor 10.0.0.5:80 --rate 25000 --duration 60s', 'would this run work from here?'],
      ['$0 doctor --rate 25000 --json -', 'both ends on this machine, as JSON'],
    ],
    options: DOCTOR_OPTIONS,
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  rtt: {
    usage: 'rtt [target]',
    help: 'round trips over held connections, TCP or UDP, to an echo server',
    examples: [
      ['$0 rtt 10.0.0.5:2345 --rate 1k --rate 10k', 'two rounds of 10 s on one TCP connection'],
      ['$0 rtt 10.0.0.5:2345 --protocol udp --rate max --engine blocking', 'back to back, the baseline'],
    ],
    options: RTT_OPTIONS,
    load: async () => (await import('./commands/rtt.ts')).rttCommand,
  },
  agent: {
    usage: 'agent',
    help: 'be a machine of a fleet: run what a controller orders, within limits',
    examples: [
      ['$0 agent --fleet nats://127.0.0.1:4222', 'on the machine of the NATS server, against itself'],
      [
        '$0 agent --fleet nats://10.0.0.1:4222 --trust fleet.pub --allow-target 10.0.0.0/8',
        'orders signed by one controller, against one network',
      ],
    ],
    options: AGENT_OPTIONS,
    load: async () => (await import('./commands/agent.ts')).agentCommand,
  },
  lab: {
    usage: 'lab [name]',
    help: 'run an experiment cell by cell: figures as CSV and JSON, plots as SVG',
    examples: [
      ['$0 lab abstraction --out DIR', 'what five layers cost, synchronous to boxed promise'],
      ['$0 lab --resume DIR', 'go on with a lab that was interrupted'],
    ],
    options: LAB_OPTIONS,
    load: async () => (await import('./commands/lab.ts')).labCommand,
  },
  report: {
    usage: 'report [file..]',
    help: 'show the result in a file again, as text or in another format',
    examples: [
      ['$0 report run.json', 'the text that the run printed'],
      ['$0 report run.json --markdown run.md', 'for a ticket'],
    ],
    options: REPORT_OPTIONS,
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  compare: {
    usage: 'compare [file..]',
    help: 'compare the runs of two sides: what is faster, slower, the same',
    examples: [
      ['$0 compare base-*.json -- new-*.json', 'five runs or more on each side'],
      ["$0 compare base.json new.json --fail-if 'p99(total)>+5%'", 'one run on each side; exit 99 where it is worse'],
    ],
    options: COMPARE_OPTIONS,
    hasSides: true,
    load: async () => (await import('./commands/compare.ts')).compareCommand,
  },
  fleet: {
    usage: 'fleet [action]',
    help: 'list the agents of a fleet, or make its key',
    examples: [
      ['$0 fleet --fleet nats://10.0.0.1:4222', 'who is there, and what each may aim at'],
      ['$0 fleet keygen', 'a key for the controller, its public part for agents'],
    ],
    options: FLEET_COMMAND_OPTIONS,
    load: async () => (await import('./commands/fleet.ts')).fleetCommand,
  },
  completion: {
    usage: 'completion [shell]',
    help: 'print a script that completes commands and options in a shell',
    examples: [
      ['source <($0 completion bash)', 'in this shell; for every bash, put it into ~/.bashrc'],
      ['$0 completion zsh > ~/.zfunc/_conngen', 'for zsh, with ~/.zfunc in fpath'],
      ['$0 completion fish > ~/.config/fish/completions/conngen.fish', 'for fish'],
    ],
    options: COMPLETION_OPTIONS,
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  demo: {
    usage: 'demo',
    help: 'a client against a server of its own on loopback, for 5 s',
    examples: [],
    options: DEMO_OPTIONS,
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

export type CommandName = keyof typeof COMMANDS;

/** The option tables by command. A name that occurs in several means the same kind of value in all of them. */
export const TABLES = tablesOf(COMMANDS);

function tablesOf<Name extends string>(rows: Readonly<Record<Name, CommandRow>>): Readonly<Record<Name, OptionTable>> {
  const entries = Object.entries<CommandRow>(rows).map(([name, { options }]) => [name, options]);
  return Object.fromEntries(entries) as Record<Name, OptionTable>;
}
