import { z } from 'zod';

/**
 * Condition types. kstatus holds for all of them, so Argo CD and Flux read our health without a plugin.
 * Complete: the run or the Backfill has ended, well or not; nothing else of ours says that with one value, which is what
 * `kubectl wait` asks for.
 */
export const CONDITION_TYPES = ['Succeeded', 'Complete', 'Ready', 'Reconciling', 'Stalled', 'HistoryDamaged'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

export const condition = z.object({
  type: z.string().max(64).describe('Type of the condition, such as Ready or Succeeded.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('The metadata.generation that this condition was computed from.'),
  lastTransitionTime: z.string().max(40).meta({ format: 'date-time' }).describe('When the status last changed.'),
  reason: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/)
    .describe('One word for the state, in CamelCase.'),
  message: z.string().max(2048).describe('Human-readable message: the state, and what to do about it.'),
});

export const conditions = z
  .array(condition)
  .max(8)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('The latest observations of the state, by type.');

export type Condition = z.infer<typeof condition>;

/** What a reconciler wants a condition to say; the transition time is kept or set by `mergeConditions`. */
export interface ConditionWish {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** The conditions of a run or a Backfill that has ended: whether it succeeded, and that it is complete. */
export function outcomeConditions(succeeded: boolean, reason: string, message: string): ConditionWish[] {
  return [
    { type: 'Succeeded', status: succeeded ? 'True' : 'False', reason, message },
    { type: 'Complete', status: 'True', reason, message },
  ];
}

/**
 * The conditions after `wishes`, as a whole list: a type not wished for is gone (kstatus: abnormal-true conditions are
 * removed when they are not so). `lastTransitionTime` moves only when the status does.
 */
export function mergeConditions(
  before: readonly Condition[] | undefined,
  wishes: readonly ConditionWish[],
  generation: number | undefined,
  now: string,
): Condition[] {
  return wishes.map((wish) => {
    const old = before?.find((c) => c.type === wish.type);
    const lastTransitionTime = old && old.status === wish.status ? old.lastTransitionTime : now;
    return {
      ...wish,
      message: wish.message.slice(0, 2048),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime,
    };
  });
}
