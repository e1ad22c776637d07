/** One step of the way from a run to the task that is the cause of its failure, as messages spell it, or several left out. */
const STEP =
  /(?:(?:task|run|iteration) [^\s:]+: [A-Za-z]+: |\d+ of \d+ items failed; the first: [^\s:]+: [A-Za-z]+: |… )/y;
const LEFT_OUT = '… ';
/** How much of the cause's own words is worth more than a step on the way to it. */
const MIN_WORDS = 200;

/**
 * A message that goes down from a run through tasks, items and other runs to what failed in the end, within `max`
 * characters: where it is too long, steps in the middle are left out, never the last one with the words of the cause.
 * Text from elsewhere that looks like a step is taken for one, which loses at most what is in front of it.
 */
export function causeWithin(text: string, max: number): string {
  if (text.length <= max) return text;
  const { steps, words } = partsOf(text);
  const [first = ''] = steps;
  for (let from = 1; from < steps.length; from++) {
    const rest = steps.slice(from);
    if (rest[0] === LEFT_OUT) continue;
    const shorter = `${first}${from > 1 ? LEFT_OUT : ''}${rest.join('')}`;
    const isLast = from === steps.length - 1;
    if (isLast || shorter.length + Math.min(words.length, MIN_WORDS) <= max) return `${shorter}${words}`.slice(0, max);
  }
  return text.slice(0, max);
}

function partsOf(text: string): { steps: string[]; words: string } {
  const steps: string[] = [];
  let at = 0;
  for (;;) {
    STEP.lastIndex = at;
    const [step] = STEP.exec(text) ?? [];
    if (step === undefined) return { steps, words: text.slice(at) };
    steps.push(step);
    at += step.length;
  }
}
