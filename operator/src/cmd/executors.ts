import type { Attests, Proves } from '../api/index.ts';
import { SIGNALS, type Stores, WORKFLOW_RUNS } from '../controllers/index.ts';
import { evaluate } from '../engine/index.ts';
import {
  type ArtifactSettings,
  artifactPolicy,
  ChildExecutor,
  ExecutorSwitch,
  HttpExecutor,
  type Identities,
  type LogArchiver,
  PodExecutor,
  podRetention,
  ResourceExecutor,
  type RunContext,
  SignalExecutor,
} from '../executors/index.ts';
import type { Clock, KubeClient } from '../runtime/index.ts';
import { AddressGuard, ask, HostList, WebError } from '../web/index.ts';
import type { OperatorConfig } from './config.ts';
import { storeOf } from './storage.ts';
import type { StorageConfig } from './storage-config.ts';

export interface ExecutorParts {
  /** Fenced: a process that is no longer the leader starts nothing. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly isLeader: () => boolean;
  /** Aborts when this process ends, so that pending requests end: their answers could no longer be stored. */
  readonly ending: AbortSignal;
  /** Keeps the logs of finished pods. */
  readonly archiver: LogArchiver | undefined;
  /** Verifies the attestations of users in signals. */
  readonly attests: Attests;
  /** Recognizes objects that the operator made. */
  readonly identities: Identities;
  /** Makes proofs for objects of the operator. */
  readonly proves: Proves;
  /** Enqueues a run when something ended without a watch event. */
  readonly wake: (run: RunContext) => void;
}

/** The executors of all backends, behind one. */
export function wireExecutors(config: OperatorConfig, all: ExecutorParts): ExecutorSwitch {
  const { isLeader, ending, archiver, stores, ...parts } = all;
  const Pod = new PodExecutor({
    ...parts,
    pods: stores.pods,
    deletes: podRetention(stores.workflows),
    artifacts: artifactsOf(config.storage, stores),
    archive: archiver && ((run, pod) => archiver.archive(run, pod)),
  });
  const hosts = new HostList(config.httpHosts);
  const policy = { hosts, addresses: new AddressGuard('Operator', config.httpAllowedCidrs) };
  return new ExecutorSwitch({
    Pod,
    Child: new ChildExecutor({ ...parts, runs: stores.runs, type: WORKFLOW_RUNS }),
    Signal: new SignalExecutor({ ...parts, signals: stores.signals, type: SIGNALS }),
    Resource: new ResourceExecutor({
      ...parts,
      namespace: config.namespace,
      evaluate: (source, { object }) => evaluate(source, { params: {}, tasks: {}, run: NO_RUN, object }),
    }),
    Http: new HttpExecutor({
      ...parts,
      pods: Pod,
      hosts,
      image: config.httpImage,
      allowedCidrs: config.httpAllowedCidrs,
      ask: async (request, stop) => {
        if (!isLeader()) throw new WebError('HttpFailed', 'not sent: this process is no longer the leader');
        return ask(request, policy, AbortSignal.any([stop, ending]));
      },
    }),
  });
}

function artifactsOf({ artifacts }: StorageConfig, { workflows }: Stores): ArtifactSettings | undefined {
  return artifacts && { store: storeOf(artifacts), policyOf: artifactPolicy(workflows) };
}

/** Conditions of a resource read only its object. */
const NO_RUN = { name: '', uid: '', namespace: '', workflow: '' };
