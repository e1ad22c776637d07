import { describe, expect, it } from 'vitest';
import { parseLocation } from './location.ts';

describe('the address of a store', () => {
  it('is a bucket of Amazon, unless an endpoint says otherwise', () => {
    expect(parseLocation('s3://shelf/team/a/?region=eu-west-1')).toEqual({
      type: 'S3',
      bucket: 'shelf',
      prefix: 'team/a',
      endpoint: 'https://s3.eu-west-1.amazonaws.com',
      region: 'eu-west-1',
      pathStyle: false,
    });
    expect(parseLocation('s3://shelf?endpoint=http://10.0.0.1:9000')).toMatchObject({
      prefix: '',
      endpoint: 'http://10.0.0.1:9000',
      pathStyle: true,
    });
  });

  it('is a folder of a volume', () => {
    expect(parseLocation('volume://artifacts/shop')).toEqual({ type: 'Volume', claim: 'artifacts', path: 'shop' });
  });

  it.each([
    ['ftp://x', /is not the address of a store/],
    ['s3://UPPER', /is not the name of a bucket/],
    ['s3://shelf/../other', /is not a folder of a store/],
    ['s3://shelf?regoin=eu', /"regoin" is not an option/],
    ['s3://shelf?endpoint=host', /endpoint: "host" is not an address/],
    ['s3://shelf?pathStyle=yes', /pathStyle: "yes"/],
    ['volume://claim?x=1', /a volume has no options/],
  ])('%s is refused with a remedy', (text, message) => {
    expect(() => parseLocation(text)).toThrow(message);
  });
});
