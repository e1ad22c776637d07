/** What an attempt is started with: the texts of a task with every `${{ }}` filled in. */
export interface RenderedTask {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  /** The script of `run`; never rendered. */
  readonly script: string | undefined;
}
