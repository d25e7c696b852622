/** `conngen fleet keygen`: makes the key of a controller, and says where it goes. */
import { writeKeyPair } from '../fleet/trust/key-files.ts';
import { shellWord } from '../options/shell-word.ts';
import { isExplicit, type Given } from '../units/problem.ts';
import { EXIT_DONE, EXIT_USAGE } from './process/exit-codes.ts';
import { reportFailure } from './process/failure.ts';
import { printProblems, type Io } from './process/io.ts';

/** Writes a new pair to `out`, a directory or a file. Returns the exit code. */
export async function fleetKeygen(out: Given<string>, io: Io): Promise<number> {
  const written = await writeKeyPair(out.value);
  if (!written.ok) {
    const { label: option, text } = out;
    const problem = { option, got: isExplicit(out) ? text : null, expected: written.expected };
    printProblems(io, [problem], 'conngen fleet keygen');
    return EXIT_USAGE;
  }
  const { privateFile, publicFile, fingerprint } = written.value;
  const [key, pub] = [shellWord(privateFile), shellWord(publicFile)];
  const text =
    `private key   ${key}  (mode 0600; it stays on the controller's machine)\n` +
    `public key    ${pub}  (copy it to the agents)\n` +
    `fingerprint   ${fingerprint}\n` +
    '\n' +
    `each agent:   conngen agent --fleet URL --allow-target NETWORK --trust ${pub}\n` +
    `controller:   conngen client TARGET --fleet URL --agents N --fleet-key ${key}\n`;
  try {
    await io.print(text);
    return EXIT_DONE;
  } catch (error) {
    // The pair is made by now, and where it is must not be lost.
    io.stderr.write(text);
    return reportFailure(io, error);
  }
}
