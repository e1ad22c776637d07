import { describe, expect, it } from 'vitest';
import { API_VERSION, decodeWorkflow } from '../../api/index.ts';
import { definitionOf, digestOf } from './digest.ts';

describe('the digest of a definition', () => {
  it('is that of earlier versions where its hooks say by `on` when they run', () => {
    const { spec } = decodeWorkflow({
      apiVersion: API_VERSION,
      kind: 'Workflow',
      metadata: { name: 'w' },
      spec: {
        tasks: [{ name: 'a', run: 'true', hooks: [{ on: 'Started', run: 'true' }] }],
        hooks: [{ on: 'Failed', run: 'true' }],
      },
    });
    // Taken by another program, of the canonical JSON that those versions had pinned.
    const pinned = '058800d59375b814235ed490502fd28ed359a90aff5db3554291ef16a670ea9f';
    expect(digestOf(definitionOf(spec))).toBe(pinned);
  });
});
