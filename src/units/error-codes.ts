/** The codes of errors that end a run, and what to do about each: the hints come from here, and so does the reference page. */
import { PLEASE_REPORT } from './bugs.ts';

export interface ErrorCode {
  /** What happened, for people. */
  readonly when: string;
  /** What a user can do about it. The hint of an error is this, unless its place knows more. */
  readonly remedy: string;
}

/** Codes of conngen's own, in snake_case. */
export const OWN_ERROR_CODES = {
  agent_lost: {
    when: 'An agent of a fleet was lost. The round went on to its end without it, and there is no further round.',
    remedy:
      'see what the agent says (its log), and whether its network to NATS holds; conngen fleet lists who is there',
  },
  before_failed: {
    when: 'The command of --before-base or --before-new failed. What was taken until then is in the directory of --out.',
    remedy: 'run the command by hand to see what is wrong with it; it runs in /bin/sh, in this directory',
  },
  fleet_addresses: {
    when: 'The agents of a fleet, or its controller, find different addresses for the name of the target. The run did not begin.',
    remedy: 'give an address instead of the name',
  },
  fleet_agent_busy: {
    when: 'Another controller has taken the agents meanwhile. Nothing was sent to the target.',
    remedy: 'wait for the other run to end; conngen fleet lists who runs what',
  },
  fleet_agent_refused: {
    when: 'An agent of a fleet does not run what it was asked for. Nothing was sent to the target.',
    remedy: 'see what the agent says of it, here and in its log',
  },
  fleet_credentials: {
    when: 'A file with credentials or certificates for the NATS server of a fleet cannot be used. Nothing was sent.',
    remedy: 'give a file that this user can read: a .creds file, the seed of an NKey, or PEM',
  },
  fleet_name_taken: {
    when: 'Another agent of the same name is connected. This one did not start.',
    remedy: 'give another --name, or end the other agent',
  },
  fleet_not_allowed: {
    when: 'The permissions of the NATS server do not let this user ask for the agents of a fleet. Nothing was sent to the target.',
    remedy:
      'connect as the controller: agents have users of their own, which may only answer (examples/fleet/nats.conf)',
  },
  fleet_no_trust: {
    when: 'An agent has no --trust, and its NATS server is not on loopback: anyone who can connect there could order it. It did not start.',
    remedy: 'make a pair of keys on the controller (conngen fleet keygen), and give the public one to --trust',
  },
  fleet_no_server: {
    when: 'No NATS server answers at the address of --fleet. Nothing was sent to the target.',
    remedy: 'start nats-server there, or check the address and the firewall',
  },
  fleet_refused: {
    when: 'The NATS server of --fleet refused the credentials, or wants some. Nothing was sent to the target.',
    remedy: 'check the user and the password in --fleet, or the file of --fleet-creds',
  },
  fleet_tls: {
    when: 'TLS with the NATS server of --fleet failed: its certificate is not trusted, or it wants one. Nothing was sent to the target.',
    remedy: 'give the certificate of its authority (--fleet-ca), and one of your own where it wants one (--fleet-cert)',
  },
  fleet_too_few: {
    when: 'Fewer agents can run this than --agents asks for. Nothing was sent to the target.',
    remedy:
      'start agents (conngen agent --fleet URL), wait for those that are busy, or ask for fewer; conngen fleet lists them',
  },
  no_runs: {
    when: 'No run of a side could be used. The results, where there are any, are in the directory of --out.',
    remedy: 'try the command with the options of that side alone; --force keeps runs that this machine limited',
  },
  lab_unkept: {
    when: 'The directory of a lab cannot be written. No cell has run.',
    remedy: 'give a directory that can be written (--out), or make room on its disk',
  },
  probe_no_echo: {
    when: 'The target of --probe does not send back what it is sent. The run ends before the load.',
    remedy: 'probe an echo server, such as conngen server, or leave --probe out',
  },
  sink_thread_failed: {
    when: 'A thread of --sink-strategy dispatch died. The result has what was measured until then.',
    remedy: PLEASE_REPORT,
  },
  stdout_closed: {
    when: 'The command was started without stdout (`>&-`), and has something to print.',
    remedy: 'start it with stdout; > /dev/null throws away what is printed',
  },
  turns_unkept: {
    when: 'The directory for the runs of a comparison cannot be made. No run was taken.',
    remedy: 'give a directory that can be written (--out)',
  },
  worker_exited: {
    when: 'A thread ended by itself. The result has what was measured until then.',
    remedy: PLEASE_REPORT,
  },
  worker_failed: {
    when: 'A thread died of a mistake in conngen. The message is its stack; the result has what was measured until then.',
    remedy: PLEASE_REPORT,
  },
} as const satisfies Readonly<Record<string, ErrorCode>>;

/** Codes of the system, and of Node on its behalf, that stop a run whatever it was doing. */
export const SYSTEM_ERROR_CODES: Readonly<Record<string, ErrorCode>> = {
  EMFILE: {
    when: 'The process has as many open files as it may.',
    remedy: 'raise the limit of open files (ulimit -n 4096), or take fewer --workers or --listeners',
  },
  ENFILE: {
    when: 'The machine has as many open files as it may.',
    remedy: 'raise fs.file-max, or end what else has files open on this machine',
  },
  EAGAIN: {
    when: 'No thread can be started.',
    remedy: 'raise the limit of processes and threads (ulimit -u), or take fewer --workers or --listeners',
  },
  ENOMEM: {
    when: 'There is no memory.',
    remedy: 'free memory, or raise the limit of the control group',
  },
  ENOSPC: {
    when: 'The disk is full.',
    remedy: 'free space on that file system',
  },
  ERR_WORKER_INIT_FAILED: {
    when: 'No thread can be started.',
    remedy: 'raise the limit of processes and threads (ulimit -u), or take fewer --workers or --listeners',
  },
  ERR_WORKER_OUT_OF_MEMORY: {
    when: 'A thread has used up its memory.',
    remedy: 'free memory, or open fewer connections at the same time',
  },
};
