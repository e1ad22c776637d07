import type { Pass } from '../advance/pass.ts';
import { dataIn, isRead } from '../advance/success.ts';
import { formatPath } from '../state/paths.ts';
import type { TaskState } from '../state/state.ts';
import { type Frame, frameIn } from '../state/walk.ts';

/** Below this, dropping outputs is not worth an event. */
const WORTH_RELEASING_BYTES = 4 * 1024;

/** Drops outputs that no unfinished task refers to any more; the journal has them. */
export function releasedOutputs(pass: Pass): void {
  const { held, placed } = dataIn(pass.state);
  if (held < WORTH_RELEASING_BYTES && placed === 0) return;
  const free = [pass.root, ...framesInside(pass)].flatMap((frame) => freeIn(pass, frame));
  if (free.length > 0) pass.emit({ type: 'OutputsReleased', tasks: free });
}

function* framesInside(pass: Pass): Generator<Frame> {
  for (const place of pass.places()) {
    const frame = frameIn(pass.plan, place);
    if (frame) yield frame;
  }
}

const hasOutputs = ({ outputs, fan, placed }: TaskState): boolean =>
  outputs !== undefined || placed !== undefined || (fan !== undefined && fan.outputs.size > 0);

function freeIn(pass: Pass, frame: Frame): string[] {
  return [...frame.tasks]
    .filter(([name, task]) => hasOutputs(task) && !isRead(pass, frame, name))
    .map(([name]) => formatPath(frame.path, name));
}
