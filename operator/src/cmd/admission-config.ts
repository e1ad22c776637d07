import { ConfigError, type ListenAddress, listener } from './values.ts';

/** How the admission webhook is served. */
export interface AdmissionConfig extends ListenAddress {
  /** Host by which the API server reaches it outside of the cluster; none: by the Service. */
  readonly reachedAt: string | undefined;
}

export const ADMISSION_OPTIONS = {
  'admission-address': { type: 'string', default: '' },
  'admission-url': { type: 'string', default: '' },
} as const;

export const ADMISSION_USAGE = `  --admission-address H:P  where the admission webhook is served, as 0.0.0.0:9443 (default: nowhere)
  --admission-url URL      how the API server reaches it where no Service leads to it, as https://10.0.0.1:9443`;

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
  return { ...address, reachedAt: url === '' ? undefined : hostOf(url) };
}

function hostOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/') {
    throw new ConfigError(`--admission-url: "${text}" is not of the form https://HOST:PORT`);
  }
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}
