import type { Pass } from '../advance/pass.ts';

/** Ends a run that goes on as another one, once that one exists. Until then nothing else happens to it. */
export function continued(pass: Pass): void {
  const { continuedAs } = pass.observed;
  if (continuedAs === undefined) return;
  pass.emit({
    type: 'Finished',
    phase: 'Succeeded',
    reason: 'ContinuedAsNew',
    message: `continued as ${continuedAs}`,
  });
}
