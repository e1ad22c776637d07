import { parseArgs } from 'node:util';

export interface DemoArguments {
  readonly down: boolean;
  readonly help: boolean;
  readonly name: string;
  readonly context: string | undefined;
}

export const USAGE = `Usage: npm run demo [-- options]

  --context NAME   use the cluster of this kubeconfig context instead of one of our own
  --name NAME      name of our own cluster (default ado)
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
    },
  });
  return { ...values, context: values.context };
}
