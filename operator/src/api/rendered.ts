import type { Json } from './scalars.ts';
import type { SignalDecision, SignalRequest } from './signal.ts';

/** What runs an attempt. Sleeps, computations, templates and generated tasks need nothing but the engine. */
export type AttemptBackend = 'Pod' | 'Http' | 'Child' | 'Resource' | 'Signal';

/** What an attempt is started with: the texts of a task with every `${{ }}` filled in. */
export type Rendered = RenderedTask | RenderedHttp | RenderedChild | RenderedResource | RenderedSignal;

export interface RenderedTask {
  readonly backend: 'Pod';
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  /** The script of `run`; never rendered. */
  readonly script: string | undefined;
  /** Variables whose values are in Secrets: only the kubelet reads them. */
  readonly secretEnv?: Readonly<Record<string, { readonly name: string; readonly key: string }>>;
  /** Nodes on which earlier attempts failed, where `retry.otherNode` says so. */
  readonly avoidNodes?: readonly string[];
}

export interface RenderedHttp {
  readonly backend: 'Http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface RenderedChild {
  readonly backend: 'Child';
  readonly workflow: string;
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

export interface RenderedResource {
  readonly backend: 'Resource';
  readonly manifest: { readonly [field: string]: Json };
}

export interface RenderedSignal {
  readonly backend: 'Signal';
  readonly type: 'Approval' | 'Input';
  /** The run as people name it: of a chain the first. */
  readonly run: string;
  /** What is shown. */
  readonly request: SignalRequest;
  /** Responses that are on record already: a signal that was deleted is made again with them. */
  readonly answered: readonly { readonly username: string; readonly decision?: SignalDecision }[];
}

/** What an attempt asks for besides being run: texts of `cache` and `semaphores`, filled in. */
export interface RenderedClaims {
  readonly cache?: { readonly key: string; readonly maxAgeMs: number };
  readonly permits?: readonly { readonly semaphore: string; readonly permits: number; readonly share: string }[];
}
