/**
 * Bounded memory and bounded rates, the same for every room: a map that forgets, and token buckets. Pure.
 *
 * 1. Nothing here grows beyond the bound that its owner names.
 * 2. Time comes in as an argument, in milliseconds of whichever clock the caller keeps to.
 * 3. Buckets count whole tokens in whole numbers: no rate drifts by rounding in the sender's favour.
 */
export { BoundedMap, type BoundedMapOptions } from './bounded-map.ts';
export { type Bucket, drained, type Rate, takeable, takeableAt } from './token-bucket.ts';
export { TokenBuckets } from './token-buckets.ts';
