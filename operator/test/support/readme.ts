/** Commands of a page, typed as a reader types them: in the repository, with kubectl in the namespace of a scenario. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { run } from '../../cluster/command.ts';
import type { Cluster } from '../../cluster/index.ts';
import { ROOT } from './examples.ts';
import { shellCommandsOf } from './pages.ts';
import type { Scenario } from './scenario.ts';

/** The namespace of `npm run demo`, which pages name where they mean it. */
const DEMO = '-n ado-demo';
/** How long a reader looks at what `kubectl get -w` shows. */
const WATCH_SECONDS = 3;
const ENDED_BY_TIMEOUT = 124;

/** Runs the shell blocks of a page, command by command; each has to work before long, as what it is about comes to be. */
export async function follow(page: string, scenario: Scenario, cluster: Cluster): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ado-reader-'));
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigIn(scenario.namespace, cluster), { mode: 0o600 });
    const env = { KUBECONFIG: kubeconfig, PATH: `${dirname(cluster.kubectl)}:${process.env.PATH}` };
    for (const command of shellCommandsOf(page)) {
      const here = command.replaceAll(DEMO, `-n ${scenario.namespace}`);
      const isWatch = / -w\b/.test(here);
      const typed = isWatch ? here.replace('kubectl', `timeout ${WATCH_SECONDS} kubectl`) : here;
      let said = '';
      const works = async () => {
        const { code, stderr } = await run('bash', ['-euo', 'pipefail', '-c', typed], { cwd: ROOT, env });
        said = stderr;
        return code === 0 || (isWatch && code === ENDED_BY_TIMEOUT);
      };
      await scenario.until(`"${here}" works`, works, { explain: async () => said });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function kubeconfigIn(namespace: string, cluster: Cluster): string {
  const config = parse(readFileSync(cluster.kubeconfig, 'utf8')) as { contexts: { context: { namespace?: string } }[] };
  for (const { context } of config.contexts) context.namespace = namespace;
  return stringify(config);
}
