/**
 * The kinds of Ado: their schemas in zod, and what goes with them (conditions, reasons, labels, history events).
 * CRDs, types, decoding and documentation are all made from what is here.
 *
 * 1. This room imports zod and the metadata of objects, and nothing else; every other room may import it.
 * 2. A field or kind that does not work yet is not in a schema.
 * 3. Every string, list and map is bounded, so that CEL fits its budget and no object outgrows its store.
 * 4. Event codes, their field order and the labels are for ever; all else may change with the version of the API.
 */
export { controllerOf, type ObjectMeta, type OwnerReference, objectKey } from '../objects/index.ts';
export * from './action.ts';
export * from './artifact.ts';
export * from './attests.ts';
export * from './backfill.ts';
export * from './causes.ts';
export * from './chain.ts';
export * from './completion.ts';
export * from './conditions.ts';
export * from './continue-as-new.ts';
export * from './decode.ts';
export * from './duration.ts';
export * from './field-path.ts';
export * from './for-each.ts';
export * from './form.ts';
export * from './group.ts';
export * from './hint.ts';
export * from './history.ts';
export * from './kinds.ts';
export * from './labels.ts';
export * from './lineage.ts';
export * from './listing.ts';
export * from './loop.ts';
export { type Misfit, misfitsOf } from './misfit.ts';
export * from './object.ts';
export * from './object-reference.ts';
export * from './observation.ts';
export * from './output.ts';
export * from './pod-surface.ts';
export * from './provenance.ts';
export * from './proves.ts';
export * from './reasons.ts';
export * from './rendered.ts';
export type { Rule } from './rule.ts';
export * from './run-journal.ts';
export * from './run-provenance.ts';
export * from './scalars.ts';
export * from './schedule.ts';
export { type UnknownField, unknownField } from './schema-walk.ts';
export * from './semaphore.ts';
export * from './signal.ts';
export * from './stamp.ts';
export * from './stop-order.ts';
export * from './task.ts';
export * from './task-artifacts.ts';
export * from './time.ts';
export * from './triggered-run.ts';
export * from './webhook.ts';
export * from './workflow.ts';
export * from './workflow-run.ts';
export * from './workflow-template.ts';
