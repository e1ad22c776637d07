import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import type { LogLevel } from '../telemetry/index.ts';
import { ADMISSION_OPTIONS, type AdmissionConfig, readAdmission } from './admission-config.ts';
import { readStorage, STORAGE_OPTIONS, type StorageConfig } from './storage-config.ts';
import { USAGE } from './usage.ts';
import {
  address,
  ConfigError,
  cidrs,
  hosts,
  type ListenAddress,
  listener,
  milliseconds,
  names,
  whole,
} from './values.ts';

export { ConfigError, USAGE };

/** The settings of the operator. Every option has a flag and an environment variable. */
export interface OperatorConfig {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string;
  readonly identity: string;
  /** Served namespaces; empty: all. */
  readonly namespaces: readonly string[];
  /** Namespaces that other operators serve; this one serves all others. */
  readonly exceptNamespaces: readonly string[];
  readonly leaderElection: boolean;
  readonly leaseMs: number;
  readonly relistMs: number;
  /** Silence after which a watch counts as dead. */
  readonly silenceMs: number;
  /** Limit of one attempt of a request. */
  readonly requestMs: number;
  readonly concurrency: number;
  /** Hosts that tasks of http reach from the operator itself. */
  readonly httpHosts: readonly string[];
  /** Ranges of addresses that requests may reach although they are local or private. */
  readonly httpAllowedCidrs: readonly string[];
  /** Image of the pods that make all other requests; empty: such requests are refused. */
  readonly httpImage: string;
  /** The stores of artifacts and logs. */
  readonly storage: StorageConfig;
  /** Listen address of the webhook receiver; undefined: off. */
  readonly hooks: ListenAddress | undefined;
  /** The admission webhook; undefined: off, and nothing is attested. */
  readonly admission: AdmissionConfig | undefined;
  readonly healthHost: string;
  readonly healthPort: number;
  readonly logLevel: LogLevel;
}

const OPTIONS = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', default: 'ado-system' },
  namespaces: { type: 'string', default: '' },
  'except-namespaces': { type: 'string', default: '' },
  identity: { type: 'string', default: '' },
  'no-leader-election': { type: 'boolean', default: false },
  'lease-duration': { type: 'string', default: '15s' },
  'relist-period': { type: 'string', default: '2h' },
  'watch-silence': { type: 'string', default: '90s' },
  'request-timeout': { type: 'string', default: '30s' },
  concurrency: { type: 'string', default: '64' },
  'http-hosts': { type: 'string', default: '' },
  'http-allow-cidrs': { type: 'string', default: '' },
  'http-image': { type: 'string', default: '' },
  ...STORAGE_OPTIONS,
  'hooks-address': { type: 'string', default: '' },
  ...ADMISSION_OPTIONS,
  'health-address': { type: 'string', default: '127.0.0.1:8081' },
  'log-level': { type: 'string', default: 'info' },
} as const;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

function fromEnvironment(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(OPTIONS).flatMap(([name, { type }]) => {
    const value = env[`ADO_${name.toUpperCase().replaceAll('-', '_')}`];
    if (value === undefined || value === '') return [];
    if (type === 'string') return [`--${name}=${value}`];
    return value === 'true' ? [`--${name}`] : [];
  });
}

/**
 * Reads the configuration; flags have priority over environment variables, and those over defaults.
 * @throws ConfigError
 */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv): OperatorConfig {
  const values = parse([...fromEnvironment(env), ...args]);
  const level = LEVELS.find((known) => known === values['log-level']);
  if (!level) throw new ConfigError(`--log-level: "${values['log-level']}" is not one of ${LEVELS.join(', ')}`);
  const [healthHost, healthPort] = address('health-address', values['health-address']);
  return {
    kubeconfig: values.kubeconfig,
    context: values.context,
    namespace: values.namespace,
    identity: values.identity || `${hostname()}-${process.pid}`,
    ...scope(values.namespaces, values['except-namespaces']),
    leaderElection: !values['no-leader-election'],
    leaseMs: milliseconds('lease-duration', values['lease-duration'], 1000),
    relistMs: milliseconds('relist-period', values['relist-period'], 1000),
    silenceMs: milliseconds('watch-silence', values['watch-silence'], 1000),
    requestMs: milliseconds('request-timeout', values['request-timeout'], 500),
    concurrency: whole('concurrency', values.concurrency, 1, 1000),
    httpHosts: hosts('http-hosts', values['http-hosts']),
    httpAllowedCidrs: cidrs('http-allow-cidrs', values['http-allow-cidrs']),
    httpImage: values['http-image'],
    storage: readStorage(values, values['http-image']),
    hooks: listener('hooks-address', values['hooks-address']),
    admission: readAdmission(values),
    healthHost,
    healthPort,
    logLevel: level,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function scope(only: string, except: string): Pick<OperatorConfig, 'namespaces' | 'exceptNamespaces'> {
  const namespaces = names('namespaces', only);
  const exceptNamespaces = names('except-namespaces', except);
  if (namespaces.length === 0 || exceptNamespaces.length === 0) return { namespaces, exceptNamespaces };
  throw new ConfigError(`--except-namespaces: "${except}" cannot be combined with --namespaces; omit one of them`);
}
