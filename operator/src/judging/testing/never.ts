import { parentPort } from 'node:worker_threads';

/** For tests: a thread that never answers. */
parentPort?.on('message', () => {
  for (;;);
});
