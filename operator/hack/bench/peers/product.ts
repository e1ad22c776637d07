/** What the bench must know of a product to run it and to read what it did. */
import type { Task } from '../../../src/api/index.ts';
import type { Pod } from '../../../src/pods/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../../src/runtime/index.ts';
import type { Account } from '../../operator-account.ts';
import type { PeerName, SettingName } from './arguments.ts';

/** How a controller is started with one setting. */
export interface Setting {
  /** What differs from the product's defaults, for people. */
  readonly text: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Configuration that is set before the controller starts; whole `data`, or what differs in it. */
  readonly configuration?: { readonly name: string; readonly data: Readonly<Record<string, string>> };
}

/** A pod's place in its workflow. */
export interface Place {
  readonly run: string;
  readonly task: string;
}

/** Work that a real cluster's pods do against the API server and simulated ones do not. */
export interface Emulation {
  readonly account: Account;
  /** Begins in a namespace; `end` resolves when all that was begun is done. Client: that account's. */
  start(client: KubeClient, namespace: string): Promise<{ end(): Promise<void> }>;
}

export interface Product {
  readonly name: PeerName;
  readonly title: string;
  readonly version: string;
  /** Folder under `cluster/modules` and path of the Go module; its manifests are applied from there. */
  readonly module: { readonly folder: string; readonly path: string };
  readonly binary: 'argo-controller' | 'tekton-controller';
  /** Paths in the Go module in the order in which they are applied; a folder is a kustomization. */
  readonly manifests: readonly string[];
  /** Applied after these. */
  readonly objects: readonly KubeObject[];
  readonly account: Account;
  readonly settings: Readonly<Partial<Record<SettingName, Setting>>>;
  /** Arguments that name the kubeconfig and nothing that changes how fast it is. */
  command(kubeconfig: string, ports: readonly number[]): Pick<Setting, 'args' | 'env'>;
  /** It works when it watches all of these. */
  readonly watches: readonly string[];
  readonly runs: ResourceType;
  runOf(namespace: string, name: string, tasks: readonly Task[]): KubeObject;
  /** `Succeeded`, or how else a run ended; undefined while it goes on. */
  endOf(run: KubeObject): string | undefined;
  placeOf(pod: Pod): Place | undefined;
  readonly emulation?: Emulation;
}

export const IMAGE = 'busybox:1.36';
export const userOf = ({ namespace, name }: Account): string => `system:serviceaccount:${namespace}:${name}`;
