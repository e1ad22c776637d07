import type { UnknownField } from '../../api/index.ts';
import { suggestion } from '../expression/index.ts';

/** Fields of peers, and what is written here instead. */
const PEERS: Readonly<Record<string, string>> = {
  if: 'when',
  condition: 'when',
  depends: 'needs',
  dependsOn: 'needs',
  depends_on: 'needs',
  dependencies: 'needs',
  after: 'needs',
  runAfter: 'needs',
  requires: 'needs',
  script: 'run',
  source: 'run',
  bash: 'run',
  command: 'container.command',
  args: 'container.args',
  steps: 'tasks',
  taskRef: 'template',
  templateRef: 'template',
  uses: 'template',
  arguments: 'with',
  params: 'with',
  inputs: 'with',
  environment: 'env',
  withItems: 'forEach.items',
  withParam: 'forEach.itemsFrom',
  withSequence: 'forEach.sequence',
  matrix: 'forEach.matrix',
  retries: 'retry.limit',
  retryStrategy: 'retry',
  activeDeadlineSeconds: 'timeout',
  timeoutSeconds: 'timeout',
  continueOn: 'onFailure',
  continueOnError: 'onFailure',
  'continue-on-error': 'onFailure',
  onError: 'onFailure',
  onExit: 'hooks',
  memoize: 'cache',
  suspend: 'approval',
  serviceAccount: 'serviceAccountName',
};

/** What is said of a field that does not exist: what it is called here, or the names that are near. */
export function unknownMessage({ steps, known }: UnknownField): string {
  const name = String(steps.at(-1));
  const peers = Object.hasOwn(PEERS, name) ? PEERS[name] : undefined;
  const what = `unknown field ${JSON.stringify(name.slice(0, 60))}`;
  if (peers !== undefined && known.includes(peers.split('.', 1)[0] ?? '')) return `${what}; write ${peers}`;
  return `${what}${suggestion(name, known, 'field')}`;
}
