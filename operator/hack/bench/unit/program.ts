/** Does one unit of work in a process of its own and prints the seconds of CPU that it took. */
import { ROUNDS, work } from './work.ts';

const MICROSECONDS = 1e6;

const began = process.cpuUsage();
work(ROUNDS);
const { user, system } = process.cpuUsage(began);
process.stdout.write(String((user + system) / MICROSECONDS));
