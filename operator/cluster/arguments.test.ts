import { describe, expect, it } from 'vitest';
import { COMMANDS, HELP, parseCommand, UsageError } from './arguments.ts';

describe('the command line', () => {
  it('uses the cluster ado by default', () => {
    expect(parseCommand(['up'])).toEqual({ command: 'up', name: 'ado' });
    expect(parseCommand(['down', '--name', 'ado-test'])).toEqual({ command: 'down', name: 'ado-test' });
    expect(parseCommand(['up'], 'usual')).toMatchObject({ name: 'usual' });
    expect(parseCommand(['up', '--name', 'other'], 'usual')).toMatchObject({ name: 'other' });
  });

  it('accepts simulated nodes, a real one beside them, and a context', () => {
    expect(parseCommand(['up', '--kwok', '100', '--kubelet'])).toMatchObject({ kwok: 100, kubelet: true });
    expect(parseCommand(['up', '--context', 'mine'])).toMatchObject({ context: 'mine' });
  });

  it('accepts a file only for load', () => {
    expect(parseCommand(['load', 'image.tar'])).toMatchObject({ command: 'load', file: 'image.tar' });
    expect(() => parseCommand(['up', 'image.tar'])).toThrow('Unexpected argument');
    expect(() => parseCommand(['load'])).toThrow('requires the path');
  });

  it('is refused with the remedy when it is invalid', () => {
    expect(() => parseCommand(['start'])).toThrow('Use one of: up, down');
    expect(() => parseCommand(['up', '--nmae', 'x'])).toThrow(UsageError);
    for (const count of ['0', '-1', '1.5', 'many', '5001'])
      expect(() => parseCommand(['up', `--kwok=${count}`])).toThrow('from 1 to 5000');
  });

  it('without a command, or with --help, shows the help with every command', () => {
    expect(parseCommand([]).command).toBe('help');
    expect(parseCommand(['up', '--help']).command).toBe('help');
    for (const command of COMMANDS.filter((name) => name !== 'help')) expect(HELP).toContain(`-- ${command}`);
  });
});
