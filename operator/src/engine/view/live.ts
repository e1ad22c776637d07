import type { AttemptBackend, Rendered, Task, TaskDefaults } from '../../api/index.ts';
import { PlacedData } from '../bindings/placed-data.ts';
import { renderTask } from '../bindings/render.ts';
import { type Sight, unitBindings } from '../bindings/unit-bindings.ts';
import { ExpressionError } from '../expression/index.ts';
import { renderSignal } from '../signals/render-signal.ts';
import { FLAG_PROVEN, isLive } from '../state/state.ts';
import { type Place, placesOf, rootFrame } from '../state/walk.ts';

/** An attempt that the state takes for live, with what an executor needs to say something of it. */
export interface LiveUnit {
  readonly path: string;
  readonly attempt: number;
  readonly backend: AttemptBackend;
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
  /** The object that was recorded for it; no other counts. */
  readonly object?: string;
  /** It was started before there were proofs, so its object may lack one. */
  readonly unproven?: true;
  /** What it was started with; a pod carries that itself. */
  readonly rendered?: Exclude<Rendered, { backend: 'Pod' }>;
}

/** The attempts that the state takes for live. */
export function liveAttempts({ identity, plan, state }: Omit<Sight, 'items' | 'data'>): LiveUnit[] {
  const sight: Sight = { identity, plan, state, items: new Map(), data: new PlacedData() };
  const live: LiveUnit[] = [];
  const unproven = state.flags.includes(FLAG_PROVEN) ? {} : ({ unproven: true } as const);
  for (const place of placesOf(plan, rootFrame(plan, state))) {
    const { unit, planned, path, frame } = place;
    if (!isLive(unit)) continue;
    const { task, backend = 'Pod' } = planned;
    const { defaults } = frame.plan;
    const { attempt, object } = unit;
    live.push({
      ...{ path, attempt, backend, task, defaults, ...unproven },
      ...(object === undefined ? {} : { object }),
      ...renderedOf(sight, place),
    });
  }
  return live;
}

/** An attempt keeps no copy of its texts in the state: what they were made of is still there, and held by the state itself. */
function renderedOf(sight: Sight, place: Place): Pick<LiveUnit, 'rendered'> {
  const { planned, unit, frame } = place;
  if (planned.backend === 'Pod') return {};
  try {
    const bindings = unitBindings(sight, place);
    if (planned.backend === 'Signal') return { rendered: renderSignal(planned, unit, sight.identity, bindings) };
    const { defaults, parameters } = frame.plan;
    const rendered = renderTask(planned.task, defaults, bindings, parameters);
    return rendered.backend === 'Pod' ? {} : { rendered };
  } catch (error) {
    if (error instanceof ExpressionError) return {};
    throw error;
  }
}
