import type { Cluster } from '../cluster/index.ts';
import { capture } from './process.ts';

/** A kubectl for one cluster. */
export interface Kubectl {
  /** Runs kubectl and gives back what it printed. @throws Error with what it complained of */
  run(...args: string[]): Promise<string>;
  /** The same, with the answer read as JSON; undefined when the object is not there. */
  get<T>(...args: string[]): Promise<T | undefined>;
}

export function kubectlOf(cluster: Cluster, context?: string): Kubectl {
  const always = ['--kubeconfig', cluster.kubeconfig, ...(context ? ['--context', context] : [])];
  const call = (args: string[]) => capture(cluster.kubectl, [...always, ...args]);
  return {
    run: async (...args) => {
      const { code, stdout, stderr } = await call(args);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
      return stdout;
    },
    get: async <T>(...args: string[]) => {
      const { code, stdout, stderr } = await call(['get', ...args, '-o', 'json']);
      if (code === 0) return JSON.parse(stdout) as T;
      if (stderr.includes('NotFound')) return undefined;
      throw new Error(`kubectl get ${args.join(' ')}: ${stderr.trim()}`);
    },
  };
}
