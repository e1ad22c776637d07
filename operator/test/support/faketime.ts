/** libfaketime from Debian: a process whose wall clock can be set while it runs; its monotonic clock goes on. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePackages } from '../../cluster/packages.ts';

const LIBRARIES = '/usr/lib';

/** Where Debian puts it: under the name of the machine's architecture. */
function library(): string | undefined {
  return readdirSync(LIBRARIES)
    .map((name) => join(LIBRARIES, name, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
}

/** Installs libfaketime where it is missing. @throws ClusterError that says what to install */
export async function ensureFaketime(): Promise<void> {
  const present = () => library() !== undefined;
  await ensurePackages(undefined, {
    what: 'A test of clock steps',
    requirements: [{ debian: 'libfaketime', present }],
  });
}

/** The wall clock of one process. */
export class WallClock {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ado-clock-'));
  readonly #file = join(this.#folder, 'offset');

  constructor() {
    this.step(0);
  }

  /** What the process must be started with. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets it to so many seconds after (or, negative, before) the true time. */
  step(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
