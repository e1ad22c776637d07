/**
 * Webhooks: requests from outside that start runs. A server on each replica takes a request, finds out who sends it,
 * judges it by the trigger of a Workflow, and creates one WorkflowRun; nothing else is ever written.
 *
 * 1. Nothing that was sent is looked at before the sender has shown the secret of the trigger, and whoever has not
 *    learns nothing: a wrong signature, a wrong name and no such trigger have one answer.
 * 2. The name of a run is made from its Workflow, its trigger and the key of the request. So a repeat finds the run that
 *    is there, and replicas that are asked at once make one: no leader is needed.
 * 3. What does not fit is refused before anything is created, with the field of the trigger.
 * 4. Connections, headers, bodies, time, rates and caches are bounded; a body is given up at the first byte too many.
 * 5. Secrets are read one by one, in the namespaces that grant it, and kept for half a minute in memory. No secret, no
 *    body and no value of a header is ever logged.
 */

export { RateLimits } from './rate-limits.ts';
export { Receiver, type ReceiverOptions, type TellOfStrangers } from './receiver.ts';
export { RESULTS as WEBHOOK_RESULTS, type WebhookResult } from './response.ts';
export { SecretReader, type SecretsOf } from './secrets.ts';
export { WebhookServer, type WebhookServerOptions } from './server.ts';
