/**
 * What the bundle has in place of `@kubernetes/client-node`: reading a kubeconfig, which is all that the operator asks
 * of it. Importing the package loads a class for every kind and every call of Kubernetes, which took half the memory
 * of an operator that had done nothing yet.
 */
import { load } from 'js-yaml';

export { KubeConfig } from '@kubernetes/client-node/dist/config.js';

/** By client-node's own parser. For plain data: what has a `kind` comes out as it is written, with text for times. @throws Error as the original */
export function loadYaml(data: string): unknown {
  const loaded = load(data);
  if (!loaded) throw new Error('Failed to load YAML');
  return loaded;
}

/** What `@dot-i/k8s-operator` mentions and `AdoOperator` does not use; a use names itself. */
export class CoreV1Api {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: whoever asks for a method is told why there is none
    return new Proxy(this, { get: (_target, name) => notBundled(`CoreV1Api.${String(name)}`) });
  }
}

export class ApiextensionsV1Api {
  constructor() {
    notBundled('ApiextensionsV1Api');
  }
}

export class Watch {
  constructor() {
    notBundled('Watch');
  }
}

function notBundled(name: string): never {
  throw new Error(`${name} of @kubernetes/client-node is not in the bundle; see operator/hack/bundle/client-node.ts`);
}
