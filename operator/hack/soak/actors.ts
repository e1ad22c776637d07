import { API_VERSION, linkName, type Signal, WORKFLOW_RUN, type WorkflowRun } from '../../src/api/index.ts';
import { SIGNALS, WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { isAlreadyExists, type KubeClient } from '../../src/runtime/index.ts';
import { numberSignal } from './workflows.ts';

/** What people and systems do to the cluster while it is soaked. */
export class Actors {
  readonly #client: KubeClient;
  readonly #namespace: string;
  sent = 0;
  asked = 0;
  answered = 0;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  async startRun(workflow: string, name: string): Promise<void> {
    const run: WorkflowRun = {
      apiVersion: API_VERSION,
      kind: WORKFLOW_RUN.kind,
      metadata: { namespace: this.#namespace, name },
      spec: { workflowRef: { name: workflow }, desiredState: 'Running' },
    };
    await this.#client.create(WORKFLOW_RUNS, run);
  }

  /** Sends the next number to the listener; one whose answer was lost is not sent twice. */
  async send(n = this.sent + 1): Promise<void> {
    const signal = numberSignal(this.#namespace, 'listener', n, this.sent + 1);
    try {
      await this.#client.create<Signal>(SIGNALS, signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    this.sent++;
  }

  async ask(): Promise<void> {
    await this.startRun('asking', `asking-${this.asked + 1}`);
    this.asked++;
  }

  /** Answers everything that is asked and has no answer. */
  async answer(): Promise<void> {
    const options = { fieldSelector: 'spec.type=Approval,status.phase=Pending' };
    const { items } = await this.#client.list<Signal>(SIGNALS, { namespace: this.#namespace, ...options });
    for (const { metadata, spec } of items) {
      if ((spec.responses ?? []).length > 0) continue;
      const operations = [
        { op: 'add', path: '/spec/responses', value: [{ username: 'ada', decision: 'Approve' }] },
      ] as const;
      await this.#client.patch(SIGNALS, metadata, { kind: 'json', operations });
      this.answered++;
    }
  }

  runsOf(workflow: string): Promise<readonly WorkflowRun[]> {
    const options = { fieldSelector: `spec.workflowRef.name=${workflow}` };
    return this.#client
      .list<WorkflowRun>(WORKFLOW_RUNS, { namespace: this.#namespace, ...options })
      .then(({ items }) => items);
  }

  /** The run at the end of the listener's chain. */
  async newestListener(): Promise<WorkflowRun> {
    const runs = await this.runsOf('listener');
    const newest = Math.max(...runs.map(({ spec }) => spec.continues?.index ?? 0));
    return this.#client.get<WorkflowRun>(WORKFLOW_RUNS, {
      namespace: this.#namespace,
      name: linkName('listener', newest),
    });
  }
}
