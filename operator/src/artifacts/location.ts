/** An S3 bucket, or a server that speaks its protocol. */
export interface S3Location {
  readonly type: 'S3';
  readonly bucket: string;
  /** Prefix of every key, without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Address of the server, such as `https://s3.eu-west-1.amazonaws.com`. */
  readonly endpoint: string;
  readonly region: string;
  /** Whether the bucket is the first part of the path (true) or of the host name. */
  readonly pathStyle: boolean;
}

/** A PersistentVolumeClaim in the namespace of the pod that mounts it, or a folder of the operator. */
export interface VolumeLocation {
  readonly type: 'Volume';
  readonly claim: string;
  /** Folder in the volume, without slashes at its ends; may be empty. */
  readonly path: string;
}

export type StoreLocation = S3Location | VolumeLocation;

const DEFAULT_REGION = 'us-east-1';
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const CLAIM = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const FOLDER = /^[A-Za-z0-9._/-]*$/;
const OPTIONS = ['endpoint', 'region', 'pathStyle'];
const EXAMPLES = 's3://bucket/prefix?endpoint=https://host&region=us-east-1&pathStyle=true or volume://claim/folder';

/**
 * Reads the address of a store.
 * @throws RangeError that names the part, its value and the remedy
 */
export function parseLocation(text: string): StoreLocation {
  const match = /^(s3|volume):\/\/([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(text);
  if (!match || text.length > 1024) throw new RangeError(`"${text}" is not the address of a store; write ${EXAMPLES}`);
  const [, scheme, name = '', rest = '', query = ''] = match;
  const path = rest.replace(/^\/+|\/+$/g, '');
  if (!FOLDER.test(path) || path.split('/').includes('..')) {
    throw new RangeError(`"${path}" is not a folder of a store; use letters, digits, ".", "_", "-" and "/"`);
  }
  if (scheme === 's3') return s3(name, path, new URLSearchParams(query));
  if (query !== '') throw new RangeError(`"${text}": a volume has no options; remove "?${query}"`);
  if (!CLAIM.test(name)) throw new RangeError(`"${name}" is not the name of a PersistentVolumeClaim`);
  return { type: 'Volume', claim: name, path };
}

function s3(bucket: string, prefix: string, options: URLSearchParams): S3Location {
  if (!BUCKET.test(bucket)) throw new RangeError(`"${bucket}" is not the name of a bucket`);
  const unknown = [...options.keys()].find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined)
    throw new RangeError(`"${unknown}" is not an option of a store; the options are ${OPTIONS.join(', ')}`);
  const region = options.get('region') ?? DEFAULT_REGION;
  const style = options.get('pathStyle') ?? String(options.has('endpoint'));
  if (style !== 'true' && style !== 'false') throw new RangeError(`pathStyle: "${style}" is neither true nor false`);
  const endpoint = options.get('endpoint') ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https?:\/\/[^/]+\/?$/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new RangeError(`endpoint: "${endpoint}" is not an address; write it like https://s3.example.com`);
  }
  return { type: 'S3', bucket, prefix, endpoint: endpoint.replace(/\/$/, ''), region, pathStyle: style === 'true' };
}
