/** The operator that the files of `test/e2e/shared` share, as a test sees it: it can be asked, but not stopped. */
import { readFileSync } from 'node:fs';
import { get, linesAbout, type OperatorView } from './operator-view.ts';

/** Where the shared operator is; its process belongs to the global setup. */
export interface SharedOperatorAt {
  readonly address: string;
  readonly pid: number;
  /** The file that holds its log. */
  readonly log: string;
}

export class SharedOperator implements OperatorView {
  readonly #at: SharedOperatorAt;

  constructor(at: SharedOperatorAt) {
    this.#at = at;
  }

  get pid(): number {
    return this.#at.pid;
  }

  get log(): readonly string[] {
    return readFileSync(this.#at.log, 'utf8').split('\n');
  }

  logAbout(text: string, count?: number): string {
    return linesAbout(this.log, text, count);
  }

  get(path: string): Promise<{ status: number; text: string }> {
    return get(this.#at.address, path);
  }
}
