import { type Webhook, type WebhookStatus, type Workflow, webhookPath } from '../../api/index.ts';

type Refs = NonNullable<Webhook['auth']['hmac'] | Webhook['auth']['token']>;

/** Why the secret of a webhook cannot be read, if it cannot. @throws ApiError, ConnectionError without an answer */
export type AskForSecret = (namespace: string, refs: Refs) => Promise<string | undefined>;

const NOWHERE = 'this operator does not serve webhooks; start it with --hooks-address';

/** Where the webhooks of a Workflow are, and what keeps each from taking requests. */
export async function webhookStatuses(
  { metadata, spec, status }: Workflow,
  ask: AskForSecret | undefined,
): Promise<WebhookStatus[] | undefined> {
  const { name: workflow, namespace = '' } = metadata;
  const webhooks = spec.triggers?.webhooks ?? [];
  if (webhooks.length === 0) return undefined;
  return Promise.all(
    webhooks.map(async ({ name, auth }) => {
      const refs = auth.hmac ?? auth.token;
      const before = status?.webhooks?.find((entry) => entry.name === name)?.message;
      // Without an answer of the API server nothing new is known.
      const message = ask && refs ? await ask(namespace, refs).catch(() => before) : NOWHERE;
      const path = webhookPath(namespace, workflow, name);
      return message === undefined ? { name, path } : { name, path, message: message.slice(0, 512) };
    }),
  );
}
