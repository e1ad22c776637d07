/**
 * A problem that a person can fix: one sentence with the problem and one with the remedy.
 * Any other error of this room is a defect and keeps its stack.
 */
export class ClusterError extends Error {
  readonly remedy: string;
  constructor(problem: string, remedy: string) {
    super(`${problem} ${remedy}`.trim());
    this.name = 'ClusterError';
    this.remedy = remedy;
  }
}
