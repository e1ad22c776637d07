import { ConfigError, type ListenAddress, listener, milliseconds } from './values.ts';

/** How the admission webhook is served. */
export interface AdmissionConfig extends ListenAddress {
  /** Host by which the API server reaches it outside of the cluster; none: by the Service. */
  readonly reachedAt: string | undefined;
  /** How long the API server is told one path, ms. */
  readonly pathPeriodMs: number;
}

export const ADMISSION_OPTIONS = {
  'admission-address': { type: 'string', default: '' },
  'admission-url': { type: 'string', default: '' },
  'admission-path-period': { type: 'string', default: '1h' },
} as const;

export const ADMISSION_USAGE = `  --admission-address H:P  where the admission webhook is served, as 0.0.0.0:9443 (default: nowhere)
  --admission-url URL      how the API server reaches it where no Service leads to it, as https://10.0.0.1:9443
  --admission-path-period 1h
                           how long the API server is told one path of the webhook, until it is told another`;

/** @throws ConfigError */
export function readAdmission(
  values: Readonly<Record<keyof typeof ADMISSION_OPTIONS | 'namespaces', string>>,
): AdmissionConfig | undefined {
  const address = listener('admission-address', values['admission-address']);
  const url = values['admission-url'];
  if (address === undefined) {
    if (url === '') return undefined;
    throw new ConfigError(`--admission-url: "${url}" is reached only with --admission-address; give both`);
  }
  if (values.namespaces !== '') {
    throw new ConfigError(
      `--admission-address: the admission webhook is for the whole cluster; leave it out where --namespaces is "${values.namespaces}"`,
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
