/** What is wrong with the options that each agent has of its own, before any run is known. */
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import { planSources, type EndpointsInput } from '../address/endpoints.ts';
import type { Machine } from '../demand/machine.ts';
import { findInterface } from '../packet/packet-plan.ts';
import { checkSourcePorts } from '../ports/planned-ports.ts';
import type { PortChoice } from '../ports/source-ports.ts';

/** The options of `conngen agent` that its machine must have something for. */
export interface OwnInput extends Pick<EndpointsInput, 'source' | 'freebind'> {
  readonly 'source-ports'?: Given<PortChoice> | undefined;
  readonly interface?: Given<string> | undefined;
  readonly gateway?: Given<string> | undefined;
  readonly vlan?: Given<number> | undefined;
}

/** Returns every problem that no run could do away with. With an interface the sources may be those of the packet engine, which a run tells. */
export async function ownProblems(input: OwnInput, machine: Machine): Promise<Problem[]> {
  const problems: Problem[] = [];
  const { interface: device, gateway, vlan, source } = input;
  if (device === undefined) {
    const engine = { value: 'auto', text: 'auto', label: '--engine', origin: 'default' } as const;
    for (const each of [gateway, vlan]) {
      if (each !== undefined) problems.push(problemOf(each, '--interface beside it: the interface of --engine packet'));
    }
    await planSources({ ...input, engine }, machine, problems);
  } else {
    findInterface(device, machine, problems);
    if (vlan !== undefined && source.length === 0) {
      problems.push(problemOf(vlan, '--source beside it: addresses in this VLAN'));
    }
  }
  checkSourcePorts(input['source-ports'], machine, problems);
  return problems;
}
