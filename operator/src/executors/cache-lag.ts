/** How long what this process has created may be missing from the caches, in milliseconds. */
export const CACHE_LAG_MS = 5_000;
