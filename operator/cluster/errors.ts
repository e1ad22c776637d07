/**
 * What a person can act on: one sentence that says what is wrong and one that says what to do.
 * Everything else that is thrown in this room is a defect and keeps its stack.
 */
export class ClusterError extends Error {
  readonly remedy: string;
  constructor(problem: string, remedy: string) {
    super(`${problem} ${remedy}`.trim());
    this.name = 'ClusterError';
    this.remedy = remedy;
  }
}
