/** The folders of examples: what is applied, what starts a run, and how the run is expected to end. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { RUN_PHASES } from '../../src/api/index.ts';
import type { Manifest } from './manifests.ts';

export const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'examples');

/** `expect.yaml`: what differs from a run that succeeds on pods of the test cluster. */
const expectation = z.strictObject({
  phase: z.enum(RUN_PHASES).default('Succeeded'),
  /** What the column Waiting-For shows. */
  waitingFor: z.string().optional(),
  /** Seconds that the run may take. */
  timeout: z.number().default(240),
  /** Files to apply before workflow.yaml, from the folder of the example. */
  setup: z.array(z.string()).default([]),
});

export interface Example {
  readonly name: string;
  readonly expected: z.infer<typeof expectation>;
}

export const exampleFolders = (): string[] =>
  readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** Names of the files of an example, without those of its folders. */
export const filesOf = (name: string): string[] =>
  readdirSync(join(FOLDER, name), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();

const textOf = (name: string, file: string): string => readFileSync(join(FOLDER, name, file), 'utf8');

/** All examples. @throws ZodError when an expect.yaml says something that is not known */
export function examples(): Example[] {
  return exampleFolders().map((name) => {
    const said = existsSync(join(FOLDER, name, 'expect.yaml')) ? parse(textOf(name, 'expect.yaml')) : {};
    return { name, expected: expectation.parse(said) };
  });
}

/** The objects of a file; in the namespace that they are applied in, whichever they name. */
export function objectsOf(example: string, file: string): Manifest[] {
  const objects = parseAllDocuments(textOf(example, file)).map((document) => document.toJS() as Manifest);
  return objects
    .filter((object) => object !== null)
    .map((object) => {
      const { namespace: _namespace, ...metadata } = object.metadata as Manifest['metadata'];
      return { ...object, metadata: metadata as Manifest['metadata'] };
    });
}

/** The run that is made by hand, where there is one. */
export function runOf(example: string): Manifest | undefined {
  return existsSync(join(FOLDER, example, 'run.yaml')) ? objectsOf(example, 'run.yaml')[0] : undefined;
}
