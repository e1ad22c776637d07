/** Runs other programs: bounded in time and in output, with an error that shows their output. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** ms; the program is killed after it and the result has code -1. Default 60 s. */
  timeoutMs?: number;
  input?: string | Buffer;
  /** Open file that the program reads as its input, however large it is. */
  inputFile?: number;
  cwd?: string;
  env?: Record<string, string>;
  /** Called with each line of stderr as it arrives. */
  onLine?: (line: string) => void;
}

/** Characters that are kept from the end of each stream. */
const KEPT = 1_000_000;

/** Runs a program to its end and returns its output, whatever its exit code. A missing program has code 127. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.inputFile ?? 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    // With a file as stdin the types allow a missing stream; stdout and stderr are always pipes here.
    if (child.stdout === null || child.stderr === null) throw new Error('stdout or stderr is not a pipe');
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-KEPT);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT);
      if (options.onLine) for (const line of text.split('\n')) if (line !== '') options.onLine(line);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined); // a program may end without reading its input; its exit code decides
    child.stdin?.end(options.input);
  });
}

/** Like `run`, but throws with the end of the program's output unless it exits with 0. Returns stdout. */
export async function must(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(program, args, options);
  if (result.code === 0) return result.stdout;
  const words = (result.stderr.trim() || result.stdout.trim()).slice(-2000);
  throw new Error(`${program} ${args.slice(0, 6).join(' ')} ended with ${result.code}: ${words}`);
}

/** The path of a program, on the PATH or in the sbin folders, which a user's PATH often lacks. */
export function which(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => executable(path));
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
