import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions, silentLogger } from './logger.ts';

function captured(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const logger = createLogger({ ...options, destination: { write: (line) => void lines.push(line) } });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON line with the level as a word, RFC 3339 time, fields and message', () => {
    const { logger, last } = captured();
    logger.child({ controller: 'runs' }).child({ reconcileID: 'r1' }).warn({ tasks: 3 }, 'run waits');
    expect(last()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      controller: 'runs',
      reconcileID: 'r1',
      tasks: 3,
      msg: 'run waits',
    });
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = captured({ level: 'error' });
    logger.info({}, 'not this');
    logger.error({}, 'this');
    expect(lines).toHaveLength(1);
    silentLogger().error({}, 'nor this');
  });

  it('writes errors with type, message and stack', () => {
    const { logger, last } = captured();
    logger.error({ err: new TypeError('broken', { cause: new Error('deeper') }) }, 'failed');
    expect(last().err).toMatchObject({ type: 'TypeError', message: expect.stringContaining('broken') });
  });

  it('replaces credentials, by the name of the field and by their form', () => {
    const { logger, lines } = captured();
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4eHh4In0.c2lnbmF0dXJl';
    logger.info({ token: 'hunter2', headers: { authorization: 'hunter2' }, user: { password: 'hunter2' } }, 'fields');
    logger.info({ err: new Error(`server refused Bearer ${jwt}`), detail: `token=${jwt}` }, 'text');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).not.toContain('c2lnbmF0dXJl');
    expect(lines.join('')).toContain('Bearer [redacted]');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});
