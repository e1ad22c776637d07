import { API_VERSION, SIGNAL, type Signal, WORKFLOW, type Workflow, type WorkflowSpec } from '../../src/api/index.ts';

/** Every 10 s, so that nobody has to wait long for many slots. */
export const PERIOD_MS = 10_000;

const workflow = (namespace: string, name: string, spec: WorkflowSpec): Workflow => ({
  apiVersion: API_VERSION,
  kind: WORKFLOW.kind,
  metadata: { namespace, name },
  spec,
});

/** A pod every 10 s, whatever happens; of its runs only the newest stay. */
export const tick = (namespace: string): Workflow =>
  workflow(namespace, 'tick', {
    triggers: {
      schedules: [
        {
          name: 'often',
          cron: '*/10 * * * * *',
          overlap: 'Allow',
          catchUp: 'All',
          maxCatchUp: 1000,
          startingDeadline: '5m',
        },
      ],
    },
    retention: { succeeded: { count: 30 }, pods: 'Delete' },
    tasks: [{ name: 'work', image: 'busybox:1.36', run: 'true' }],
  });

/** The name that signals of the listener have. */
export const CHANNEL = 'numbers';
/** What ends the listener. */
export const LAST = -1;

/**
 * Takes one number after another, for ever: its state says whether each follows the one before, so a signal that was lost
 * or taken twice, or came out of order, shows as a gap. It continues as a new run again and again.
 */
export const listener = (namespace: string): Workflow =>
  workflow(namespace, 'listener', {
    continueAsNew: { afterEvents: 400 },
    retention: { chain: { count: 1 } },
    tasks: [
      {
        name: 'take',
        waitForSignal: { name: CHANNEL, values: [{ name: 'n', type: 'Integer' }], allowUnattested: true },
        loop: {
          state: { last: '0', gaps: '0' },
          next: {
            last: `outputs.n == ${LAST} ? state.last : outputs.n`,
            gaps: `outputs.n == ${LAST} || outputs.n == state.last + 1 ? state.gaps : state.gaps + 1`,
          },
          until: `outputs.n == ${LAST}`,
          maxIterations: 1_000_000,
        },
      },
    ],
  });

export const asking = (namespace: string): Workflow =>
  workflow(namespace, 'asking', {
    retention: { succeeded: { count: 5 } },
    tasks: [{ name: 'ask', approval: { message: 'Go on?', allowUnattested: true } }],
  });

/** A number for the listener; numbers of one second are told apart by their names, in their order. */
export const numberSignal = (namespace: string, run: string, n: number, ordinal: number): Signal => ({
  apiVersion: API_VERSION,
  kind: SIGNAL.kind,
  metadata: { namespace, name: `number-${String(ordinal).padStart(7, '0')}` },
  spec: { type: 'Data', run, name: CHANNEL, data: { n: String(n) } },
});
