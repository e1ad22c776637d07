/** How what was measured compares with what is asked. Pure. */
import { GATES, type Gate, type Results } from './gates.ts';
import { table } from './report.ts';

export interface Verdict extends Pick<Gate, 'name' | 'meaning' | 'goal' | 'gate'> {
  readonly value: number;
  readonly verdict: 'goal' | 'gate' | 'missed';
}

const MARKS = { goal: '✓ goal met', gate: '✓ gate met', missed: '✗ missed' } as const;

/** A verdict on each figure that was measured; its value as it is printed decides. */
export function verdictsOf(results: Results): Verdict[] {
  return GATES.flatMap(({ name, meaning, goal, gate, digits, of }) => {
    const measured = of(results);
    if (measured === undefined) return [];
    const value = Number(measured.toFixed(digits));
    return [{ name, meaning, value, goal, gate, verdict: verdictOf(value, gate, goal) }];
  });
}

function verdictOf(value: number, gate: number, goal: number): Verdict['verdict'] {
  if (value <= goal) return 'goal';
  return value <= gate ? 'gate' : 'missed';
}

export function gateTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ name, meaning, value, gate, goal, verdict }) => [
    name,
    meaning,
    String(value),
    `≤ ${goal}`,
    `≤ ${gate}`,
    MARKS[verdict],
  ]);
  return table(['figure', 'meaning (medians)', 'measured', 'goal', 'gate', 'verdict'], rows);
}
