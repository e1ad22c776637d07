/** Once for all files of this folder: the cluster with Ado in it, and one operator that serves all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { EQUIPMENT_FLAGS } from '../../../hack/demo/equipment.ts';
import { loadProgramImage } from '../../../hack/program-image.ts';
import { CLUSTER_NAME, OperatorCredentials } from '../../support/installation.ts';
import { openInstalled } from '../../support/installed-cluster.ts';
import { OperatorProcess } from '../../support/operator-process.ts';
import type { SharedOperatorAt } from '../../support/shared-operator.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sharedOperator: SharedOperatorAt;
  }
}

/** The last lines of its log are shown when the operator does not end well. */
const SHOWN_LINES = 20;

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const { cluster, kubectl } = await openInstalled();
  await loadProgramImage(CLUSTER_NAME);
  const credentials = await OperatorCredentials.create(cluster, kubectl);
  const folder = mkdtempSync(join(tmpdir(), 'ado-shared-'));
  const log = join(folder, 'operator.log');
  const operator = await OperatorProcess.start({ kubeconfig: credentials.path, flags: EQUIPMENT_FLAGS, log });
  provide('sharedOperator', { address: operator.address, pid: operator.pid, log });
  return async () => {
    const code = await operator.stop();
    credentials.remove();
    rmSync(folder, { recursive: true, force: true });
    if (code === 0) return;
    throw new Error(`the shared operator ended with ${code}:\n${operator.log.slice(-SHOWN_LINES).join('\n')}`);
  };
}
