import type { Task } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import { type Claim, claimsOf, labelsOfRun, ownedByRun, unknownWorkspace } from '../pods/index.ts';
import {
  isAlreadyExists,
  isControlledBy,
  type KubeClient,
  type KubeObject,
  PERSISTENT_VOLUME_CLAIMS,
} from '../runtime/index.ts';
import type { Refusal, RunContext } from './executor.ts';
import { refusalOf } from './refusal.ts';

/** Claims that are known to be there; beyond this they are asked for again, which does no harm. */
const MAX_KNOWN = 10_000;
const DEFAULT_MODES = ['ReadWriteOnce'];

/** The volumes that runs get for their workspaces: each is there before the first pod that mounts it. */
export class WorkspaceClaims {
  readonly #client: KubeClient;
  readonly #known = new BoundedMap<true>({ max: MAX_KNOWN });

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Makes what a task mounts. Returns why it cannot start, if it cannot. */
  async ensure(run: RunContext, task: Task): Promise<Refusal | undefined> {
    const { workspaces = [] } = run;
    const missing = unknownWorkspace(task, workspaces);
    if (missing !== undefined) {
      return rejected(`the task mounts the workspace "${missing}", which the workflow does not declare; declare it`);
    }
    for (const claim of claimsOf({ run, task, workspaces })) {
      const refusal = await this.#create(run, claim);
      if (refusal) return refusal;
    }
    return undefined;
  }

  async #create(run: RunContext, claim: Claim): Promise<Refusal | undefined> {
    const key = `${run.namespace}/${claim.name}`;
    if (this.#known.has(key)) return undefined;
    const manifest = claimManifest(run, claim);
    try {
      await this.#client.create(PERSISTENT_VOLUME_CLAIMS, manifest, {
        signal: run.signal,
        urgency: 'high',
        answer: 'Unread',
      });
    } catch (error) {
      if (!isAlreadyExists(error)) {
        const refusal = refusalOf(error);
        return { ...refusal, message: `the volume of workspace "${claim.workspace.name}": ${refusal.message}` };
      }
      const existing = await this.#client.get(PERSISTENT_VOLUME_CLAIMS, manifest.metadata, { signal: run.signal });
      if (!isControlledBy(existing, run.uid)) {
        return rejected(
          `PersistentVolumeClaim ${claim.name} already exists and does not belong to this run; delete it`,
        );
      }
    }
    this.#known.set(key, true);
    return undefined;
  }
}

const rejected = (message: string): Refusal => ({ phase: 'Refused', reason: 'PodRejected', message, retry: false });

function claimManifest(run: RunContext, { name, workspace }: Claim): KubeObject & { spec: unknown } {
  const { accessModes = DEFAULT_MODES, size = '', storageClassName } = workspace;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: run.namespace,
      labels: labelsOfRun(run),
      ownerReferences: [ownedByRun(run)],
    },
    spec: {
      accessModes,
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
}
