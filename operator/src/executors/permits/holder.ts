import { type Holder, MAX_SHOWN_HOLDERS, type SemaphoreStatus } from '../../api/index.ts';

/** Names an attempt of a run for ever: a later attempt is another holder (fencing). */
export function holderKey({ uid, path, attempt }: Pick<Holder, 'uid' | 'path' | 'attempt'>): string {
  return `${uid}/${path}#${attempt}`;
}

type Row = [run: string, uid: string, path: string, attempt: number, permits: number, since: string, share?: string];

/** The holders of a Semaphore, the shown ones and the others. */
export function readHolders({ holders = [], more }: SemaphoreStatus): Holder[] {
  const rows = more === undefined ? [] : (JSON.parse(more) as Row[]);
  const others = rows.map(([run, uid, path, attempt, permits, since, share]) => {
    return { run, uid, path, attempt, permits, since, ...(share ? { share } : {}) };
  });
  return [...holders, ...others];
}

/** The fields that hold them. */
export function writeHolders(holders: readonly Holder[]): Pick<SemaphoreStatus, 'holders' | 'more'> {
  const rows = holders.slice(MAX_SHOWN_HOLDERS).map((holder): Row => {
    const { run, uid, path, attempt, permits, since, share } = holder;
    return [run, uid, path, attempt, permits, since, ...(share ? ([share] as const) : ([] as const))];
  });
  return {
    holders: holders.slice(0, MAX_SHOWN_HOLDERS),
    ...(rows.length > 0 ? { more: JSON.stringify(rows) } : {}),
  };
}
