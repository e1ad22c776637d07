import { join } from 'node:path';
import { cacheRoot } from '../../cluster/build.ts';
import { type CommandOptions, must, run } from '../../cluster/command.ts';
import { snapshotterOf } from '../../cluster/images.ts';

/** Images that a storage may hold before what no name refers to is removed: the steps of some twenty builds. */
const MOST_IMAGES = 100;

/** buildah with a storage of its own, so that nothing of the machine's other images is seen or touched. */
export class Buildah {
  readonly folder: string;
  readonly #always: readonly string[];

  private constructor(folder: string, driver: string) {
    this.folder = folder;
    this.#always = [
      `--root=${join(folder, 'storage')}`,
      `--runroot=${join(folder, 'run')}`,
      `--storage-driver=${driver}`,
    ];
  }

  /** A storage below the cache, for what is built from these inputs. */
  static async open(key: string): Promise<Buildah> {
    // An overlay cannot lie on another overlay, as where this runs in a container itself; copies can.
    const driver = (await snapshotterOf('/var')) === 'native' ? 'vfs' : 'overlay';
    return new Buildah(join(cacheRoot(), `buildah-${key}`), driver);
  }

  /** Runs buildah and returns what it printed. @throws Error with its last words */
  run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return must('buildah', this.#arguments(args), { timeoutMs: 900_000, ...options, env: ISOLATION });
  }

  async has(image: string): Promise<boolean> {
    const { code } = await run('buildah', this.#arguments(['inspect', '--type=image', image]), { env: ISOLATION });
    return code === 0;
  }

  /** Removes the steps of earlier builds once there are many. */
  async prune(): Promise<void> {
    const images = await this.run(['images', '--all', '--quiet']);
    if (images.split('\n').length > MOST_IMAGES) await this.run(['rmi', '--prune', '--force']);
  }

  #arguments([command = '', ...rest]: readonly string[]): string[] {
    return [command, ...this.#always, ...rest];
  }
}

/** Containers of a build are processes in a changed root: that works where namespaces and cgroups cannot be made. */
const ISOLATION = { BUILDAH_ISOLATION: 'chroot' };
