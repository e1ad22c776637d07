/**
 * Webhooks: HTTP requests that start runs. A server on each replica authenticates a request, evaluates it by the
 * trigger of a Workflow, and creates one WorkflowRun; it writes nothing else.
 *
 * 1. The content of a request is evaluated only after authentication, and a failed authentication reveals nothing: a
 *    wrong signature, an unknown trigger and an unknown Workflow get the same answer.
 * 2. The name of a run is derived from its Workflow, its trigger and the key of the request. So a repeated request
 *    finds the existing run, and replicas that receive it at the same time create one run without a leader.
 * 3. An invalid request is refused before anything is created; the answer names the field of the trigger.
 * 4. Connections, headers, bodies, time, rates and caches are bounded; reading a body stops at the first byte over the
 *    limit.
 * 5. Secrets are read one by one, in namespaces that grant it, and cached in memory for 30 seconds. Secrets, bodies and
 *    values of headers are never logged.
 */

export { RateLimits } from './rate-limits.ts';
export { Receiver, type ReceiverOptions, type TellOfStrangers } from './receiver.ts';
export { RESULTS as WEBHOOK_RESULTS, type WebhookResult } from './response.ts';
export { SecretReader, type SecretsOf } from './secrets.ts';
export { WebhookServer, type WebhookServerOptions } from './server.ts';
