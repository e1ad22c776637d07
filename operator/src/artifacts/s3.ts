import { createHash } from 'node:crypto';
import { parts } from './parts.ts';
import { type S3Answer, type S3Options, S3Requests } from './s3-request.ts';
import { type Bytes, ListTooLongError, type ObjectStore, type Stored, type StoredObject, StoreError } from './store.ts';
import { elements, textOf } from './xml.ts';

/** Larger objects are uploaded in parts of this size; S3 takes 10,000 of them. */
const PART_BYTES = 16 * 1024 * 1024;
/** Pages of one list: a thousand objects each. */
const MAX_PAGES = 1000;
const RESUMES = 5;

interface Part {
  readonly number: number;
  readonly etag: string;
}

/** Objects of a bucket, under the prefix of its location. */
export class S3Store implements ObjectStore {
  readonly #requests: S3Requests;
  readonly #prefix: string;

  constructor(options: S3Options) {
    const { prefix } = options.location;
    this.#requests = new S3Requests(options);
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
  }

  /** One request for an object that fits into a part; otherwise in parts, continuing an interrupted upload of the same bytes. */
  async put(key: string, body: Bytes): Promise<Stored> {
    const whole = this.#prefix + key;
    const hash = createHash('sha256');
    const pieces = parts(body, PART_BYTES);
    const first = (await pieces.next()).value ?? Buffer.alloc(0);
    hash.update(first);
    if (first.length < PART_BYTES) {
      await this.#requests.send({ method: 'PUT', key: whole, body: first });
      return { size: first.length, sha256: hash.digest('hex') };
    }
    const upload = (await this.#begun(whole)) ?? (await this.#begin(whole));
    const known = await this.#known(whole, upload);
    const sent: Part[] = [await this.#sendPart(whole, upload, 1, first, known)];
    let size = first.length;
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.length;
      sent.push(await this.#sendPart(whole, upload, sent.length + 1, piece, known));
    }
    await this.#complete(whole, upload, sent);
    return { size, sha256: hash.digest('hex') };
  }

  /** @throws StoreError, also while reading; after a broken connection, reading continues where it broke */
  async get(key: string): Promise<Bytes | undefined> {
    const whole = this.#prefix + key;
    const response = await this.#requests.send({ method: 'GET', key: whole });
    if (response.status === 404) return undefined;
    return this.#read(whole, response);
  }

  async *#read(key: string, first: S3Answer): AsyncGenerator<Uint8Array> {
    const etag = first.headers.etag ?? '';
    let response = first;
    let at = 0;
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const chunk of response.body) {
          at += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (error instanceof StoreError || resumes >= RESUMES)
          throw new StoreError(`GET ${key}: the connection broke at byte ${at}`);
      }
      // Another object under the same key answers 412: the two do not mix.
      response = await this.#requests.send({
        method: 'GET',
        key,
        headers: { Range: `bytes=${at}-`, 'If-Match': etag },
      });
      if (response.status !== 206)
        throw new StoreError(`GET ${key}: the object was changed or deleted while it was read`);
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = {
        'list-type': '2',
        prefix: this.#prefix + prefix,
        ...(after === undefined ? {} : { 'start-after': this.#prefix + after }),
        ...(token ? { 'continuation-token': token } : {}),
      };
      const xml = await this.#requests.text({ method: 'GET', query });
      for (const entry of elements(xml, 'Contents')) {
        yield {
          key: (textOf(entry, 'Key') ?? '').slice(this.#prefix.length),
          size: Number(textOf(entry, 'Size') ?? 0),
          modifiedAt: Date.parse(textOf(entry, 'LastModified') ?? ''),
        };
      }
      token = textOf(xml, 'NextContinuationToken');
      if (textOf(xml, 'IsTruncated') !== 'true' || !token) return;
    }
    throw new ListTooLongError(`the list of ${prefix} has more than ${MAX_PAGES} pages`);
  }

  async delete(key: string): Promise<void> {
    await this.#requests.send({ method: 'DELETE', key: this.#prefix + key });
  }

  async abandon(prefix: string): Promise<void> {
    for (const { key, id } of await this.#uploads(this.#prefix + prefix)) {
      await this.#requests.send({ method: 'DELETE', key, query: { uploadId: id } });
    }
  }

  async #begin(key: string): Promise<string> {
    const id = textOf(await this.#requests.text({ method: 'POST', key, query: { uploads: '' } }), 'UploadId');
    if (id === undefined) throw new StoreError(`POST ${key}: the answer names no upload`);
    return id;
  }

  /** The newest unfinished upload of this key. */
  async #begun(key: string): Promise<string | undefined> {
    const uploads = await this.#uploads(key);
    return uploads.filter((upload) => upload.key === key).at(-1)?.id;
  }

  async #uploads(prefix: string): Promise<{ key: string; id: string; since: string }[]> {
    const xml = await this.#requests.text({ method: 'GET', query: { uploads: '', prefix } });
    return elements(xml, 'Upload')
      .map((entry) => ({
        key: textOf(entry, 'Key') ?? '',
        id: textOf(entry, 'UploadId') ?? '',
        since: textOf(entry, 'Initiated') ?? '',
      }))
      .sort((a, b) => a.since.localeCompare(b.since));
  }

  /** The tags of the parts that an upload already has, by number. */
  async #known(key: string, uploadId: string): Promise<Map<number, string>> {
    const known = new Map<number, string>();
    let marker = '0';
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = { uploadId, 'part-number-marker': marker };
      const xml = await this.#requests.text({ method: 'GET', key, query });
      for (const part of elements(xml, 'Part')) {
        known.set(Number(textOf(part, 'PartNumber')), textOf(part, 'ETag') ?? '');
      }
      const next = textOf(xml, 'NextPartNumberMarker');
      if (textOf(xml, 'IsTruncated') !== 'true' || !next) return known;
      marker = next;
    }
    return known;
  }

  /** A part that the store has is not sent again: its tag is the MD5 of its bytes, if the store has such tags. */
  async #sendPart(
    key: string,
    uploadId: string,
    number: number,
    body: Buffer<ArrayBuffer>,
    known: ReadonlyMap<number, string>,
  ): Promise<Part> {
    const etag = known.get(number);
    if (etag?.replaceAll('"', '') === createHash('md5').update(body).digest('hex')) return { number, etag };
    const query = { partNumber: String(number), uploadId };
    const response = await this.#requests.send({ method: 'PUT', key, query, body });
    const { etag: tag } = response.headers;
    if (tag === undefined)
      throw new StoreError(`PUT ${key}: the answer to part ${number} has the status ${response.status} and no tag`);
    return { number, etag: tag };
  }

  async #complete(key: string, uploadId: string, sent: readonly Part[]): Promise<void> {
    const listed = sent.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
    const xml = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`;
    const body = new TextEncoder().encode(xml);
    const answer = await this.#requests.text({ method: 'POST', key, query: { uploadId }, body });
    // S3 may answer 200 first and report a failure afterwards.
    if (textOf(answer, 'Code'))
      throw new StoreError(`POST ${key}: ${textOf(answer, 'Code')} ${textOf(answer, 'Message')}`);
  }
}
