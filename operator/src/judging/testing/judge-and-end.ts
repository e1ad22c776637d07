/**
 * A program that validates one large definition beside other work, like an operator, and then has nothing left to do.
 */
import { realClock } from '../../runtime/index.ts';
import { Judging } from '../judging.ts';

const when = `${'1 + '.repeat(490)}1 == 1`;
const tasks = Array.from({ length: 400 }, (_, index) => ({ name: `task-${index}`, image: 'i', run: 'true', when }));
// The thread does not keep the process alive, so this timer does until the answer arrives.
const work = setInterval(() => undefined, 1_000);
const judging = new Judging({ clock: realClock, limitMs: 60_000, maxWaiting: 1 });
const { problems } = await judging.workflow({ tasks }, () => ({ problem: 'there is none' }));
clearInterval(work);
process.stdout.write(`${problems.length}`);
