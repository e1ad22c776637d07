/**
 * Facts about people: the admission webhook writes down who answered, who sent, and who asked, as the API server knows
 * them, and vouches for it with a code that only it can make. It also judges definitions before they are stored.
 *
 * 1. What is said about a person comes from the userInfo of the request, never from the object.
 * 2. An attestation covers all of what it vouches for and the object that it is in, and is verified without a webhook.
 * 3. What a request becomes is a pure function of the objects, the user, the time and the key.
 */
export { Attestation } from './attestation.ts';
