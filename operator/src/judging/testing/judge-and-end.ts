/** A program that judges one large definition, as an operator does beside other work, and then has nothing to do. */
import { realClock } from '../../runtime/index.ts';
import { Judging } from '../judging.ts';

const when = `${'1 + '.repeat(490)}1 == 1`;
const tasks = Array.from({ length: 400 }, (_, index) => ({ name: `task-${index}`, image: 'i', run: 'true', when }));
// The thread holds no program, so while there is an answer to come something else has to.
const work = setInterval(() => undefined, 1_000);
const judging = new Judging({ clock: realClock, limitMs: 60_000, maxWaiting: 1 });
const { problems } = await judging.workflow({ tasks }, () => ({ problem: 'there is none' }));
clearInterval(work);
process.stdout.write(`${problems.length}`);
