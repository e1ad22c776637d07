/**
 * Bounded memory, the same for every room: a map that forgets. Pure.
 *
 * 1. Nothing here grows beyond the bound that its owner names.
 * 2. Nothing here knows the time.
 */
export { BoundedMap, type BoundedMapOptions } from './bounded-map.ts';
