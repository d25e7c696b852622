// With `node --import`: SIGUSR2 steps the wall clock of the process, as its programs read it, by an hour; the next one steps it back.
const HOUR_MS = 3_600_000;
const RealDate = Date;
let hours = 0;

function nowMs() {
  return RealDate.now() + hours * HOUR_MS;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget),
  apply: () => new RealDate(nowMs()).toString(),
  get: (target, key, receiver) => (key === 'now' ? nowMs : Reflect.get(target, key, receiver)),
});

// Nothing that tests start uses this signal otherwise. A worker gets no signals.
process.on('SIGUSR2', () => {
  hours = 1 - hours;
  process.stderr.write(`the wall clock is now ${hours} h ahead\n`);
});
