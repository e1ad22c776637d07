import { ConfigError, type ListenAddress, listener, milliseconds } from './values.ts';

/** The settings of the admission webhook. */
export interface AdmissionConfig extends ListenAddress {
  /** Host of the URL by which the API server reaches the webhook; undefined: it uses the Service. */
  readonly reachedAt: string | undefined;
  /** How long each path of the webhook is registered, ms. */
  readonly pathPeriodMs: number;
}

export const ADMISSION_OPTIONS = {
  'admission-address': { type: 'string', default: '' },
  'admission-url': { type: 'string', default: '' },
  'admission-path-period': { type: 'string', default: '1h' },
} as const;

export const ADMISSION_USAGE = `  --admission-address H:P  listen address of the admission webhook, such as 0.0.0.0:9443 (default: off)
  --admission-url URL      URL of the webhook for the API server if no Service exists, such as https://10.0.0.1:9443
  --admission-path-period 1h
                           how often the secret path of the webhook changes`;

/** @throws ConfigError */
export function readAdmission(
  values: Readonly<Record<keyof typeof ADMISSION_OPTIONS | 'namespaces', string>>,
): AdmissionConfig | undefined {
  const address = listener('admission-address', values['admission-address']);
  const url = values['admission-url'];
  if (address === undefined) {
    if (url === '') return undefined;
    throw new ConfigError(`--admission-url: "${url}" requires --admission-address; give both`);
  }
  if (values.namespaces !== '') {
    throw new ConfigError(
      `--admission-address: the admission webhook serves the whole cluster and cannot be combined with --namespaces "${values.namespaces}"; omit one of them`,
    );
  }
  const pathPeriodMs = milliseconds('admission-path-period', values['admission-path-period'], 1000);
  return { ...address, reachedAt: url === '' ? undefined : hostOf(url), pathPeriodMs };
}

function hostOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/') {
    throw new ConfigError(`--admission-url: "${text}" is not of the form https://HOST:PORT`);
  }
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}
