/** `npm run bench:peers`: what Ado costs beside other products that do the same work on the same control plane. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinaries } from '../cluster/build.ts';
import { streamProgress } from '../cluster/index.ts';
import { exitCodeOf } from './bench/exit.ts';
import { machine } from './bench/machine.ts';
import { ARGO } from './bench/peers/argo.ts';
import { type PeerName, type PeersArguments, readArguments, USAGE } from './bench/peers/arguments.ts';
import type { Measurement } from './bench/peers/figures.ts';
import { installPeer } from './bench/peers/install.ts';
import { measureAdo } from './bench/peers/measure-ado.ts';
import { measurePeer, requireClean } from './bench/peers/measure-peer.ts';
import type { Product } from './bench/peers/product.ts';
import { peersTables, settingLines } from './bench/peers/table.ts';
import { TEKTON } from './bench/peers/tekton.ts';
import { type Turn, turnsOf } from './bench/peers/turns.ts';
import { Stage } from './bench/stage.ts';
import { chainOf, DIAMOND } from './bench/workflows.ts';

const PRODUCTS: Readonly<Record<PeerName, Product>> = { argo: ARGO, tekton: TEKTON };
const CHAIN_LENGTH = 10;

const say = (text: string) => process.stdout.write(`${text}\n`);
/** What runs while it goes on, as it is no part of the result. */
const note = (text: string) => process.stderr.write(`${text}\n`);

function show(measurements: readonly Measurement[]): void {
  say(`\n${peersTables(measurements)}\n\n${settingLines(measurements)}`);
}

async function measureTurn(
  stage: Stage,
  turn: Turn,
  options: PeersArguments,
  folder: string,
  programs: Readonly<Record<string, string>>,
): Promise<Measurement> {
  if (turn.product === 'ado') return measureAdo(stage, turn, options.floor);
  const product = PRODUCTS[turn.product];
  const setting = product.settings[turn.setting];
  const program = programs[product.binary];
  if (!setting || !program) throw new Error(`${product.title} has no setting ${turn.setting}`);
  const tasks = turn.scenario === 'chain' ? chainOf(CHAIN_LENGTH) : DIAMOND;
  const { transitionMs, ...result } = await measurePeer(
    { stage, product, setting, program, folder },
    tasks,
    turn.count,
  );
  const { scenario, count } = turn;
  const { title, version } = product;
  const measurement = { scenario, count, product: title, version, setting: turn.setting, text: setting.text };
  return { ...measurement, ...result, ...(scenario === 'chain' ? { transitionMs } : {}) };
}

async function measureAll(options: PeersArguments, folder: string): Promise<Measurement[]> {
  const products = options.peers.map((name) => PRODUCTS[name]);
  const programs = await ensureBinaries(
    products.map(({ binary }) => binary),
    streamProgress(process.stderr),
  );
  const stage = await Stage.open(options.name, options.nodes, folder, false);
  await requireClean(stage);
  for (const product of products) await installPeer(stage.kubectl, product);
  const measurements: Measurement[] = [];
  const turns = turnsOf(options, (peer, setting) => PRODUCTS[peer].settings[setting] !== undefined);
  for (const [index, turn] of turns.entries()) {
    const measurement = await measureTurn(stage, turn, options, folder, programs);
    measurements.push(measurement);
    const { product, setting, figures } = measurement;
    const what = `${turn.count} ${turn.scenario}, ${product}, ${setting}`;
    note(`${index + 1} of ${turns.length}: ${what}: ${figures.seconds.toFixed(1)} s`);
    if (options.out)
      writeFileSync(options.out, `${JSON.stringify({ machine: machine(), options, measurements }, null, 2)}\n`);
  }
  await stage.close();
  if (options.down) await stage.cluster.down();
  return measurements;
}

const readResults = (path: string): Measurement[] =>
  (JSON.parse(readFileSync(path, 'utf8')) as { measurements: Measurement[] }).measurements;

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return 0;
  }
  if (options.table.length > 0) {
    show(options.table.flatMap(readResults));
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ado-peers-'));
  show(await measureAll(options, folder));
  // After a failure the folder stays: the controllers' logs in it say why.
  rmSync(folder, { recursive: true, force: true });
  return 0;
}

process.exitCode = await exitCodeOf(main, USAGE);
