import { type Foreign, inPeersSyntax } from './peers.ts';
import { textsIn } from './texts-in.ts';
import type { Warned, Warning } from './warning.ts';

const GUIDE = 'docs/guides/expressions.md';
/** Objects of peers, in which their references are theirs. */
const OF_PEERS = /^(?:argoproj\.io|tekton\.dev|triggers\.tekton\.dev)\//;

/** References in the syntax of Argo Workflows or Tekton, which a task would get as they stand; one warning a field. */
export function peerWarnings({ spec }: Warned): Warning[] {
  return textsIn(spec, 'spec', isForOthers).flatMap(([path, text]) => {
    const [first, ...rest] = inPeersSyntax(text);
    if (first === undefined) return [];
    const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`;
    return [{ path, message: `"${first.text}"${more} is not replaced; ${remedy(path, first)}` }];
  });
}

/** What people read, and what other controllers evaluate. */
function isForOthers(key: string, value: unknown): boolean {
  if (key === 'description') return true;
  if (key !== 'manifest' || typeof value !== 'object' || value === null) return false;
  const { apiVersion } = value as { readonly apiVersion?: unknown };
  return typeof apiVersion === 'string' && OF_PEERS.test(apiVersion);
}

function remedy(path: string, { written }: Foreign): string {
  if (written === undefined) return `write what it stands for as an expression in \${{ }}: ${GUIDE}`;
  if (!path.endsWith('.run')) return `write \${{ ${written} }}`;
  const name = (/(\w+)\W*$/.exec(written)?.[1] ?? 'VALUE').toUpperCase();
  return `write env: {${name}: "\${{ ${written} }}"}, and "$${name}" in the script`;
}
