/**
 * Facts about people: the admission webhook records the users that answer, send and request, as the API server reports
 * them, and attests them with a code that only it can make. It also validates definitions before they are stored.
 *
 * 1. Facts about a user come from the userInfo of the request, never from the object.
 * 2. An attestation covers its whole claim and identifies the object that contains it; verifying needs no webhook.
 * 3. The answer to a request is a pure function of the objects, the user, the time and the key.
 * 4. Every replica serves, with one shared Secret; certificates overlap by a day.
 * 5. Reviews are accepted only on a path that is known to the API server alone. The path is random and changes every
 *    hour, after a start, and after an outage of the API server; the previous path stays valid for minutes only.
 * 6. In a namespace that another operator serves, the webhook attests nothing, and existing attestations are void.
 * 7. Only certain problems of a definition are refused; the controllers validate it again.
 */
export { Attestation } from './attestation.ts';
export { Definitions } from './definitions.ts';
export type { Judge, Judged } from './judge.ts';
export { ServedNamespaces, type ServedSettings } from './served.ts';
export { type AdmissionOptions, AdmissionWebhook } from './webhook.ts';
