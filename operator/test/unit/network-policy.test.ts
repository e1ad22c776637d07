import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const CONFIG = join(import.meta.dirname, '../../../config');
const PAGE = readFileSync(join(CONFIG, '../docs/operations/network.md'), 'utf8');

interface Peer {
  readonly ipBlock?: { readonly cidr: string };
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports: readonly { readonly port: string | number; readonly protocol: string }[];
}
interface Policy {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels: unknown };
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}
interface Port {
  readonly name: string;
  readonly protocol: string;
}
interface Component {
  readonly patches: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly patch: string;
  }[];
}
interface Operation {
  readonly path: string;
  readonly value: Port;
}

const read = (path: string) => readFileSync(join(CONFIG, path), 'utf8');
const policies = ['ingress.yaml', 'egress.yaml'].flatMap((file) =>
  parseAllDocuments(read(`network-policy/${file}`)).map((document) => document.toJS() as Policy),
);
const ingress = policies.flatMap(({ spec }) => spec.ingress ?? []);
const deployment = parse(read('operator/deployment.yaml')) as {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: unknown };
    readonly template: { readonly spec: { readonly containers: readonly { readonly ports: readonly Port[] }[] } };
  };
};

/** Ports that a component adds to the container. */
function addedBy(component: string): Port[] {
  const { patches } = parse(read(`${component}/kustomization.yaml`)) as Component;
  const operations = patches.flatMap(({ patch }) => parse(patch) as Operation[]);
  return operations.filter(({ path }) => path.includes('/ports/')).map(({ value }) => value);
}

const ports = [
  ...deployment.spec.template.spec.containers.flatMap((container) => container.ports),
  ...addedBy('admission'),
  ...addedBy('webhooks'),
];

describe('the network policies', () => {
  it('name every port that the operator serves, each in one rule, and no other', () => {
    const named = ingress.flatMap((rule) => rule.ports.map(({ port, protocol }) => `${port}/${protocol}`));
    expect(named.sort()).toEqual(ports.map(({ name, protocol }) => `${name}/${protocol}`).sort());
    expect(named).toHaveLength(3);
  });

  it('are about the pods of the Deployment, in its namespace', () => {
    for (const { metadata, spec } of policies) {
      expect(metadata.namespace).toBe(deployment.metadata.namespace);
      expect(spec.podSelector.matchLabels).toEqual(deployment.spec.selector.matchLabels);
    }
  });

  it('let nobody in or out who is not named', () => {
    const rules = policies.flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])]);
    expect(rules.length).toBeGreaterThan(4);
    for (const { from, to, ports: open } of rules) {
      const peers = from ?? to ?? [];
      expect(peers.length).toBeGreaterThan(0);
      expect(open.length).toBeGreaterThan(0);
      for (const { ipBlock, namespaceSelector } of peers) {
        expect(ipBlock?.cidr ?? Object.keys(namespaceSelector?.matchLabels ?? {})[0]).toBeTruthy();
        expect(ipBlock?.cidr).not.toBe('0.0.0.0/0');
      }
    }
  });

  it('are patched by the overlay wherever an address only stands for that of the API server', () => {
    const { patches } = parse(read('overlays/network-policy/kustomization.yaml')) as Component;
    const patched = patches.flatMap(({ target, patch }) =>
      (parse(patch) as Operation[]).map(({ path }) => `${target.name} ${path}`),
    );
    const unset = policies.flatMap(({ metadata, spec }) =>
      (['ingress', 'egress'] as const).flatMap((way) =>
        (spec[way] ?? []).flatMap((rule, at) => {
          const side = way === 'ingress' ? 'from' : 'to';
          const isUnset = rule[side]?.some(({ ipBlock }) => ipBlock?.cidr === '192.0.2.1/32');
          return isUnset ? [`${metadata.name} /spec/${way}/${at}/${side}`] : [];
        }),
      ),
    );
    expect(patched.sort()).toEqual(unset.sort());
    expect(unset.length).toBe(2);
  });

  it('are explained, with every label that opens them', () => {
    const labels = ingress.flatMap(({ from = [] }) =>
      from.flatMap(({ namespaceSelector }) => Object.keys(namespaceSelector?.matchLabels ?? {})),
    );
    expect(labels.length).toBeGreaterThan(1);
    for (const text of [...labels, ...policies.map(({ metadata }) => metadata.name)]) expect(PAGE).toContain(text);
  });
});
