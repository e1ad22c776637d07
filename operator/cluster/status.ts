/** The status of a cluster's components, as a table. */
import { styleText } from 'node:util';
import { run } from './command.ts';
import { expectedDaemons } from './components.ts';
import { isAlive, uptimeMs } from './identity.ts';
import { daemonIdentity } from './processes.ts';
import { duration } from './progress.ts';
import { type ClusterRecord, clusterFolder, readRecord } from './state.ts';

export interface Row {
  component: string;
  state: 'running' | 'ended' | 'missing';
  pid: string;
  uptime: string;
}

export interface Status {
  record: ClusterRecord;
  server: string;
  rows: Row[];
  /** Whether all components of the cluster run. */
  whole: boolean;
}

/** The state of a cluster; undefined when there is none of this name. */
export async function clusterStatus(name: string): Promise<Status | undefined> {
  const folder = clusterFolder(name);
  const record = readRecord(folder);
  if (record === undefined) return undefined;
  const rows =
    record.kind === 'kind' ? await kindRows(name) : expectedDaemons(record.shape).map((d) => daemonRow(folder, d));
  const server = `https://${record.address}:${record.ports.api}`;
  return { record, server, rows, whole: rows.length > 0 && rows.every((row) => row.state === 'running') };
}

function daemonRow(folder: string, component: string): Row {
  const identity = daemonIdentity(folder, component);
  if (identity === undefined) return { component, state: 'missing', pid: '-', uptime: '-' };
  if (!isAlive(identity)) return { component, state: 'ended', pid: '-', uptime: '-' };
  return { component, state: 'running', pid: String(identity.pid), uptime: duration(uptimeMs(identity)) };
}

/** The status of kind's nodes, which are containers of the Docker engine. */
async function kindRows(name: string): Promise<Row[]> {
  const filter = `label=io.x-k8s.kind.cluster=${name}`;
  const list = await run('docker', [
    'ps',
    '--all',
    '--filter',
    filter,
    '--format',
    '{{.Names}}\t{{.State}}\t{{.RunningFor}}',
  ]);
  return list.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [component = '', state = '', uptime = ''] = line.split('\t');
      return { component, state: state === 'running' ? 'running' : 'ended', pid: '-', uptime };
    });
}

/** The table, with aligned columns. Pure except for colour, which `styleText` omits for streams without colour. */
export function statusTable(status: Status): string {
  const { record } = status;
  const simulated = record.shape.simulatedNodes > 0 ? `, ${record.shape.simulatedNodes} simulated nodes` : '';
  const title = `${record.name}  ${record.kind}  ${status.server}${simulated}`;
  const cells = [
    ['COMPONENT', 'STATE', 'PID', 'UPTIME'],
    ...status.rows.map((row) => [row.component, row.state, row.pid, row.uptime]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => paint(cell, cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [title, '', ...lines, ''].join('\n');
}

function paint(cell: string, padded: string): string {
  if (cell === 'running') return styleText('green', padded);
  if (cell === 'ended' || cell === 'missing') return styleText('red', padded);
  return padded;
}
