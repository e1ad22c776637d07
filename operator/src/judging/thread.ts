import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { answerTo, type Question } from './question.ts';

/** What tells our thread from others, such as those that tests run in. */
export const ROLE = 'ado-judge';

/** The file that the thread runs: this one, or the bundle that holds it. */
export const THREAD = new URL(import.meta.url);

/** Whether this is the thread that judges, in which nothing else of the program is to begin. */
export function isJudgeThread(): boolean {
  return !isMainThread && workerData === ROLE;
}

if (isJudgeThread()) {
  parentPort?.on('message', (text: string) => parentPort?.postMessage(answerTo(JSON.parse(text) as Question)));
}
