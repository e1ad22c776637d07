import { parseLocation, type StoreLocation } from '../artifacts/index.ts';
import { ConfigError } from './values.ts';

/** Where artifacts are kept, and what pods use for it. */
export interface ArtifactConfig {
  readonly address: string;
  readonly location: StoreLocation;
  readonly secret: string;
  readonly image: string;
  readonly maxBytes: number;
}

export const STORAGE_OPTIONS = {
  'artifact-store': { type: 'string', default: '' },
  'artifact-secret': { type: 'string', default: 'ado-artifacts' },
  'artifact-image': { type: 'string', default: '' },
  'artifact-max': { type: 'string', default: '10Gi' },
} as const;

export const STORAGE_USAGE = `  --artifact-store URL     where artifacts are kept: s3://bucket/prefix?endpoint=URL&region=R&pathStyle=true, or
                           volume://claim/folder of a claim in each namespace (default: nowhere)
  --artifact-secret NAME   Secret in each namespace with accessKey and secretKey for it (default ado-artifacts)
  --artifact-image IMAGE   image of the containers that fetch and store them: the operator's (default --http-image)
  --artifact-max 10Gi      most bytes that all inputs, or all outputs, of a task may have`;

export type StorageValues = { readonly [Name in keyof typeof STORAGE_OPTIONS]: string };

/** @throws ConfigError */
export function readArtifacts(values: StorageValues, httpImage: string): ArtifactConfig | undefined {
  const address = values['artifact-store'];
  if (address === '') return undefined;
  const where = location('artifact-store', address);
  const image = values['artifact-image'] || httpImage;
  if (image === '') throw new ConfigError('--artifact-image: "" is no image; name that of the operator');
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
  if (!match) throw new ConfigError(`--artifact-max: "${text}" is no size; write it like 10Gi`);
  return Number(match[1]) * 1024 ** UNITS.indexOf(match[2] ?? '');
}
