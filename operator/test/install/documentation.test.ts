/**
 * docs/deployment.md, word for word: its commands are run in their order, and what they leave is looked at between.
 * @module-tag full
 */
import { expect, it } from 'vitest';
import { deployedName } from '../../hack/image.ts';
import { ADMISSION_KINDS } from '../support/admission.ts';
import { commandsOf } from '../support/pages.ts';
import { NEXT_IMAGE } from './names.ts';
import { shell } from './shell.ts';
import { operatorPods, stage, useCluster } from './stage.ts';

useCluster();

const PAGE = 'docs/deployment.md';

/** Runs the commands of a section; resolves to what the last one printed. */
async function follow(heading: string): Promise<string> {
  let printed = '';
  const commands = commandsOf(PAGE, heading);
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) printed = await shell(command);
  return printed;
}

const images = async () => (await operatorPods()).map(({ spec }) => spec?.containers?.[0]?.image);
const kubectl = (...args: string[]) => stage().kubectl.run(args);

it('leads from the image to a workflow that ran, to some namespaces, up and down, and back to nothing', async () => {
  await follow('The image');
  expect(await follow('The whole cluster')).toMatch(/^release-\w+ +release +Succeeded +7\/7 /m);
  expect(await images()).toEqual([deployedName(), deployedName()]);

  await follow('Some namespaces only');
  const runs = await kubectl('get', 'awr', '-n', 'ado-demo', '-o', 'jsonpath={.items[*].status.phase}');
  expect(runs.split(' ')).toEqual(['Succeeded', 'Succeeded']);
  expect(await kubectl('get', 'namespace', '-o', 'name')).not.toContain('ado-team');

  await follow('Upgrade and downgrade');
  expect(await images()).toEqual([deployedName(), deployedName()]);
  const history = await kubectl('get', 'replicasets', '-n', 'ado-system', '-o', 'jsonpath={..image}');
  expect(history).toContain(NEXT_IMAGE);

  await follow('Uninstall');
  for (const kind of ['crd', 'clusterrole', 'clusterrolebinding', 'namespace', ...ADMISSION_KINDS]) {
    expect(await kubectl('get', kind, '-l', 'app.kubernetes.io/name=ado', '-o', 'name')).toBe('');
  }
});
