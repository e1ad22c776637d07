import { STORE_FOLDER } from '../api/index.ts';
import { parseLocation, redactor, type StoreLocation } from '../artifacts/index.ts';
import { ConfigError, milliseconds } from './values.ts';

/** The store of artifacts, and how pods reach it. */
export interface ArtifactConfig {
  readonly address: string;
  readonly location: StoreLocation;
  readonly secret: string;
  readonly image: string;
  readonly maxBytes: number;
}

/** Where logs outlive their pods. */
export interface LogConfig {
  readonly address: string;
  /** Folder with the Secret (`secret`) or the volume (`volume`) of the store. */
  readonly folder: string;
  /** Pattern in the syntax of RE2; its matches in logs are redacted. */
  readonly redact: string;
}

export interface StorageConfig {
  /** Undefined: tasks that have artifacts are refused. */
  readonly artifacts: ArtifactConfig | undefined;
  /** Undefined: logs go with their pods. */
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

export const STORAGE_USAGE = `  --artifact-store URL     where artifacts are kept: s3://bucket/prefix?endpoint=URL&region=R&pathStyle=true, or
                           volume://claim/folder of a claim in each namespace (default: nowhere)
  --artifact-secret NAME   Secret in each namespace with accessKey and secretKey for it (default ado-artifacts)
  --artifact-image IMAGE   image of the containers that fetch and store them: that of the operator (default --http-image)
  --artifact-max 10Gi      most bytes that all inputs, or all outputs, of a task may have
  --artifact-sweep 10m     how long after the deletion of a run its artifacts and logs are deleted, and the shortest time
                           between two sweeps of a namespace
  --log-archive URL        where logs of finished pods are kept, as --artifact-store (default: nowhere)
  --log-redact PATTERN     text to redact in them besides tokens and passwords, in the syntax of RE2
  --store-folder DIR       where the Secret (DIR/secret) or the volume (DIR/volume) of --log-archive is mounted
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
  if (image === '') throw new ConfigError('--artifact-image: "" is not an image; name that of the operator');
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
  if (!match) throw new ConfigError(`--artifact-max: "${text}" is not a size; write it like 10Gi`);
  return Number(match[1]) * 1024 ** UNITS.indexOf(match[2] ?? '');
}
