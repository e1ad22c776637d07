import { parentPort } from 'node:worker_threads';

/** For tests: a thread that takes for ever, without ever looking up. */
parentPort?.on('message', () => {
  for (;;);
});
