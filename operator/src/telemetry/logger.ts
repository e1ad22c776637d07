import { type DestinationStream, type Level, type LoggerOptions as PinoOptions, pino, stdTimeFunctions } from 'pino';
import { REDACTED, redactInLine } from '../redaction/index.ts';

export type LogLevel = Exclude<Level, 'fatal'>;
export type Fields = Readonly<Record<string, unknown>>;

/**
 * A structured logger. The message is a constant sentence, so that equal events can be counted; whatever varies is a
 * field. An error goes in the field `err`.
 */
export interface Logger {
  trace(fields: Fields, message: string): void;
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  /** A logger that adds the fields to each of its lines. */
  child(fields: Fields): Logger;
}

export interface LoggerOptions {
  /** Lowest level that is written (default `info`). */
  readonly level?: LogLevel | 'silent';
  /** Where lines go (default: standard output). */
  readonly destination?: DestinationStream;
}

const SECRET_NAMES = [
  'token',
  'password',
  'secret',
  'authorization',
  'Authorization',
  'cookie',
  'apiKey',
  'clientKeyData',
];

/** Creates the JSON logger: `level` as a word, `time` in RFC 3339, likely secrets replaced wherever they appear. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const configuration: PinoOptions = {
    level: options.level ?? 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: REDACTED },
    hooks: { streamWrite: redactInLine },
  };
  return options.destination ? pino(configuration, options.destination) : pino(configuration);
}

/** A logger that writes nothing: for tests and for tools that have their own output. */
export function silentLogger(): Logger {
  return createLogger({ level: 'silent' });
}
