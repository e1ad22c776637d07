import { STORE_FOLDER } from '../api/index.ts';
import { parseLocation, redactor, type StoreLocation } from '../artifacts/index.ts';
import { ConfigError, milliseconds } from './values.ts';

/** The artifact store, and the settings of pods that use it. */
export interface ArtifactConfig {
  readonly address: string;
  readonly location: StoreLocation;
  readonly secret: string;
  readonly image: string;
  readonly maxBytes: number;
}

/** The log archive. */
export interface LogConfig {
  readonly address: string;
  /** Folder with the Secret (`secret`) or the volume (`volume`) of the store. */
  readonly folder: string;
  /** RE2 pattern of further text that is redacted in logs. */
  readonly redact: string;
}

export interface StorageConfig {
  /** Undefined: tasks with artifacts are refused. */
  readonly artifacts: ArtifactConfig | undefined;
  /** Undefined: logs are deleted with their pods. */
  readonly logs: LogConfig | undefined;
  /** Time between the deletion of a run and the sweep of its namespace, and between two sweeps, ms. */
  readonly sweepMs: number;
}

export const STORAGE_OPTIONS = {
  'artifact-store': { type: 'string', default: '' },
  'artifact-secret': { type: 'string', default: 'ado-artifacts' },
  'artifact-image': { type: 'string', default: '' },
  'artifact-max': { type: 'string', default: '10Gi' },
  'artifact-sweep': { type: 'string', default: '10m' },
  'log-archive': { type: 'string', default: '' },
  'log-redact': { type: 'string', default: '' },
  'store-folder': { type: 'string', default: STORE_FOLDER },
} as const;

export const STORAGE_USAGE = `  --artifact-store URL     artifact store: s3://bucket/prefix?endpoint=URL&region=R&pathStyle=true, or
                           volume://claim/folder for a claim in each namespace (default: none)
  --artifact-secret NAME   Secret in each namespace with accessKey and secretKey of the store (default ado-artifacts)
  --artifact-image IMAGE   image of the containers that transfer artifacts: the operator's (default --http-image)
  --artifact-max 10Gi      maximum size of all inputs, or all outputs, of a task
  --artifact-sweep 10m     delay between the deletion of runs and of their artifacts, and minimum interval of sweeps
  --log-archive URL        store for logs of finished pods, in the form of --artifact-store (default: none)
  --log-redact PATTERN     RE2 pattern of further text to redact in logs, besides tokens and passwords
  --store-folder DIR       mount path of the Secret (DIR/secret) or the volume (DIR/volume) of --log-archive
                           (default ${STORE_FOLDER}); without keys there, the operator's own role is used`;

export type StorageValues = { readonly [Name in keyof typeof STORAGE_OPTIONS]: string };

/** @throws ConfigError */
export function readStorage(values: StorageValues, httpImage: string): StorageConfig {
  const sweepMs = milliseconds('artifact-sweep', values['artifact-sweep'], 1000);
  return { artifacts: readArtifacts(values, httpImage), logs: readLogs(values), sweepMs };
}

function readLogs(values: StorageValues): LogConfig | undefined {
  const { 'log-archive': address, 'log-redact': redact, 'store-folder': folder } = values;
  if (address === '') return undefined;
  location('log-archive', address);
  try {
    redactor(redact);
  } catch (error) {
    throw new ConfigError(`--log-redact: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { address, folder, redact };
}

function readArtifacts(values: StorageValues, httpImage: string): ArtifactConfig | undefined {
  const address = values['artifact-store'];
  if (address === '') return undefined;
  const where = location('artifact-store', address);
  const image = values['artifact-image'] || httpImage;
  if (image === '') throw new ConfigError('--artifact-image: "" is not an image; set the image of the operator');
  const secret = values['artifact-secret'];
  return {
    address,
    location: where,
    secret,
    image,
    maxBytes: bytes(values['artifact-max']),
  };
}

function location(option: string, text: string): StoreLocation {
  try {
    return parseLocation(text);
  } catch (error) {
    throw new ConfigError(`--${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti'];

function bytes(text: string): number {
  const match = /^([1-9][0-9]{0,8})(|Ki|Mi|Gi|Ti)$/.exec(text);
  if (!match) throw new ConfigError(`--artifact-max: "${text}" is not a valid size; use a size such as 10Gi`);
  return Number(match[1]) * 1024 ** UNITS.indexOf(match[2] ?? '');
}
