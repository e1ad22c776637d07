/**
 * Facts about people: the admission webhook writes down who answered, who sent, and who asked, as the API server knows
 * them, and vouches for it with a code that only it can make. It also judges definitions before they are stored.
 *
 * 1. What is said about a person comes from the userInfo of the request, never from the object.
 * 2. An attestation covers all of what it vouches for and the object that it is in, and is verified without a webhook.
 * 3. What a request becomes is a pure function of the objects, the user, the time and the key.
 * 4. Every replica serves, with one Secret for all of them; certificates overlap by a day.
 * 5. Reviews are believed on a path that the API server alone is told. It is random, and another one every hour, after a
 *    start, and when the API server could not be reached for a while; the one before is believed for moments only.
 * 6. It vouches for nothing in a namespace that another operator has, and nothing that it vouched for counts there.
 * 7. Only what is certain is refused of a definition; the controllers judge it again.
 */
export { Attestation } from './attestation.ts';
export { Definitions } from './definitions.ts';
export type { Judge, Judged } from './judge.ts';
export { ServedNamespaces, type ServedSettings } from './served.ts';
export { type AdmissionOptions, AdmissionWebhook } from './webhook.ts';
