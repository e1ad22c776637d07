import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { parseLocation, type S3Location } from './location.ts';
import { S3Store } from './s3.ts';
import { ListTooLongError } from './store.ts';

it('a list that does not end is cut off with an error, and begins after a key where it is told so', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>';
    response.end(`<ListBucketResult>${more}</ListBucketResult>`);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const location = parseLocation(`s3://shelf/logs?endpoint=${endpoint}`) as S3Location;
  const store = new S3Store({ location, keys: async () => ({ accessKey: 'a', secretKey: 's' }) });
  const all = async () => {
    for await (const _object of store.list('shop/', 'shop/run-1/x')) expect.unreachable();
  };
  await expect(all()).rejects.toThrow(ListTooLongError);
  expect(asked).toHaveLength(1000);
  expect(new URL(asked[0] ?? '', endpoint).searchParams.get('start-after')).toBe('logs/shop/run-1/x');
});
