import { parseArgs } from 'node:util';
import { whole } from '../bench/arguments.ts';

export interface SoakArguments {
  readonly help: boolean;
  readonly minutes: number;
  readonly quiet: number;
  readonly out: string | undefined;
  readonly name: string;
  readonly down: boolean;
}

export const USAGE = `Usage: npm run soak [-- options]

Runs one operator for long: a schedule every 10 s, a signal every second to a loop that never ends, an approval every
minute; and kills the operator (-9) every 15 to 45 s, but for the last minutes, in which its memory is watched. Ends with
1 when anything was lost or came twice.

  --minutes 35       how long
  --quiet 15         how many of these at the end without kills
  --out FILE         write the result as JSON to a file too
  --name ado-soak    name of the cluster, which is left running
  --down             end the cluster afterwards
`;

const OPTIONS = {
  help: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '35' },
  quiet: { type: 'string', default: '15' },
  out: { type: 'string' },
  name: { type: 'string', default: 'ado-soak' },
  down: { type: 'boolean', default: false },
} as const;

/** @throws TypeError that names the option, its value and the remedy */
export function readArguments(args: readonly string[]): SoakArguments {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const minutes = whole('minutes', values.minutes, 1440);
  const quiet = whole('quiet', values.quiet, 1440);
  if (quiet > minutes) throw new TypeError(`--quiet: "${quiet}" is more than all ${minutes} minutes`);
  const { help, out, name, down } = values;
  return { help, minutes, quiet, out, name, down };
}
