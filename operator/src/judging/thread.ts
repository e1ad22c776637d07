import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { answerTo, type Question } from './question.ts';

/** Distinguishes our worker thread from others, such as those of a test runner. */
export const ROLE = 'ado-judge';

/** The file that the thread runs: this one, or the bundle that contains it. */
export const THREAD = new URL(import.meta.url);

/** Whether this is the judging thread, in which no other part of the program may start. */
export function isJudgeThread(): boolean {
  return !isMainThread && workerData === ROLE;
}

if (isJudgeThread()) {
  parentPort?.on('message', (text: string) => parentPort?.postMessage(answerTo(JSON.parse(text) as Question)));
}
