import { parseArgs } from 'node:util';

export interface DemoArguments {
  readonly down: boolean;
  readonly help: boolean;
  readonly name: string;
  readonly context: string | undefined;
  /** Whether the operator serves the admission webhook, where the cluster reaches this machine. */
  readonly admission: boolean;
}

export const USAGE = `Usage: npm run demo [-- options]

  --context NAME   use the cluster of this kubeconfig context instead of one of our own
  --name NAME      name of our own cluster (default ado)
  --no-admission   without the admission webhook: nobody vouches for who answers and asks
  --down           remove everything that the demo made
`;

/** @throws TypeError for an option that there is not */
export function readArguments(args: readonly string[]): DemoArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      down: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      name: { type: 'string', default: 'ado' },
      context: { type: 'string' },
      'no-admission': { type: 'boolean', default: false },
    },
  });
  const { down, help, name, context } = values;
  return { down, help, name, context, admission: !values['no-admission'] };
}
