import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { KubeClient } from '../../../src/runtime/index.ts';
import { createMetrics, silentLogger } from '../../../src/telemetry/index.ts';
import { type Account, accountKubeconfig } from '../../operator-account.ts';
import { freePort } from '../operator-process.ts';
import { type Stage, until } from '../stage.ts';
import { ControllerProcess } from './controller-process.ts';
import { type Product, type Setting, userOf } from './product.ts';

/** A product with one setting on a stage. */
export interface PeerStage {
  readonly stage: Stage;
  readonly product: Product;
  readonly setting: Setting;
  readonly program: string;
  /** Kubeconfigs and logs go here. */
  readonly folder: string;
}

/** Starts the controller and waits until it watches all that it works on. */
export async function startController({
  stage,
  product,
  setting,
  program,
  folder,
}: PeerStage): Promise<ControllerProcess> {
  const kubeconfig = join(folder, `${product.name}.kubeconfig`);
  await writeAccount(stage, product.account, kubeconfig);
  const { args, env } = product.command(kubeconfig, await Promise.all([freePort(), freePort(), freePort()]));
  const mark = stage.audit.mark();
  const log = join(folder, `${product.name}.log`);
  const all = { ...env, ...setting.env };
  const controller = ControllerProcess.start(program, [...args, ...setting.args], all, log);
  const user = userOf(product.account);
  try {
    const watches = until(`${product.title} watches ${product.watches.join(', ')}; see ${log}`, async () => {
      const opened = stage.audit.since(mark, (record) => record.user === user && record.verb === 'watch');
      return product.watches.every((resource) => opened.some((record) => record.resource === resource));
    });
    await Promise.race([watches, controller.broken]);
  } catch (error) {
    await controller.stop();
    throw error;
  }
  return controller;
}

/** Begins what a real cluster's pods of the product would do. */
export async function emulate(
  { stage, product, folder }: PeerStage,
  namespace: string,
): Promise<{ end(): Promise<void> }> {
  const { emulation } = product;
  if (!emulation) return { end: () => Promise.resolve() };
  const kubeconfig = join(folder, `${product.name}-emulated.kubeconfig`);
  await writeAccount(stage, emulation.account, kubeconfig);
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const metrics = createMetrics({ process: false });
  const client = new KubeClient({ config, logger: silentLogger(), metrics, component: 'ado-bench-executor' });
  const emulated = await emulation.start(client, namespace);
  return {
    end: async () => {
      await emulated.end();
      await client.close();
    },
  };
}

async function writeAccount(stage: Stage, account: Account, path: string): Promise<void> {
  writeFileSync(path, await accountKubeconfig(stage.kubectl, account), { mode: 0o600 });
}
