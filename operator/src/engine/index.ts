/**
 * The workflow engine: `decide(definition, state, observed, now)` says what happened and what to do, `evolve(state,
 * event)` says what a run has become. The operator, replay, tests and the console all run this code and no copy of it.
 *
 * 1. Pure: no clock, no randomness, no I/O; time comes in by argument and equal arguments give equal decisions.
 * 2. `fold(page 0 + events) == state`, byte for byte. Only `evolve` changes a state.
 * 3. At most one attempt of a unit is live; a terminal unit or run never changes; retries never exceed their limit.
 * 4. No task starts before its needs have ended; facts are recorded before time is judged.
 * 5. A pass emits a bounded number of events, actions and bytes, then asks to be called again.
 * 6. The state is bounded: finished items are ranges, outputs live only while an unfinished task reads them, and above a
 *    share by their place in the history.
 * 7. What a run takes over from another is what it would make the same, and no approval of another run (`reuse`).
 * 8. Event codes and the encoding of the state change only with a new STATE_VERSION.
 */

export type { Action, Observed } from './advance/pass.ts';
export type { RunIdentity } from './bindings/bindings.ts';
export { type Given, MAX_READ_BYTES, type Wanted } from './bindings/placed-data.ts';
export { accept, type Decision, decide } from './decide.ts';
export { ExpressionError, evaluate } from './expression/index.ts';
export {
  type FindTemplate,
  type LibraryKind,
  type LibraryProblem,
  libraryKey,
  type ResolvedRef,
  resolveLibrary,
  templateReferences,
  walkLibrary,
} from './plan/library.ts';
export { type Plan, plan } from './plan/plan.ts';
export { isFromBefore, isMadeFor, lineageOfWorkflow } from './plan/writer.ts';
export { joinHistory, replay } from './replay.ts';
export { answeredIn } from './reuse/approvals.ts';
export { carriedAway, copyOf, handedOnBy, needsHistory, outputsIn } from './reuse/copies.ts';
export type { Evidence } from './reuse/evidence.ts';
export { insideOf, type KnownBodies } from './reuse/inside.ts';
export { allowedReuse, type Reuse, repeatedText, reusable } from './reuse/reusable.ts';
export type { Repeat } from './reuse/sameness.ts';
export { type SignalView, signalView } from './signals/signal-view.ts';
export { begin, evolve } from './state/evolve.ts';
export { digestOfPage, extendJournal, type Journal, nextPage, type Page, type PageMark } from './state/journal.ts';
export { attemptKey, parseAttemptKey, parseSegments } from './state/paths.ts';
export { placedBy } from './state/placed.ts';
export { isSettled } from './state/settled.ts';
export { isStarted, objectOf } from './state/started.ts';
export { FLAG_PROVEN, isLive, isTerminal, type RunState, type Unit, type Verdict } from './state/state.ts';
export { decodeState, encodeState, UnknownStateVersionError } from './state/state-codec.ts';
export { acceptContinuing } from './state/succession.ts';
export {
  bodyOf,
  canonicalJson,
  definitionOf,
  digestOf,
  digestOfWatched,
  digestOfWritten,
  digestText,
} from './values/digest.ts';
export { fillForm, readForm } from './values/form.ts';
export { SHARE_BYTES } from './values/outputs.ts';
export { parametersToRead, resolveParameters } from './values/parameters.ts';
export {
  namesOfRun,
  type TriggerContext,
  type TriggerProblem,
  triggerHolds,
  triggerParameters,
  triggerRunName,
  triggerValue,
} from './values/triggers.ts';
export { type Counts, countUnits } from './view/counts.ts';
export { liveAttempts } from './view/live.ts';
export { outputLine } from './view/output-line.ts';
export { allRows, rowsToShow, type UnitRow, unitRows } from './view/rows.ts';
