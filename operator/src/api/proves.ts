/** What is vouched for. `of` tells the sorts of claims apart, so that the code of one never fits another. */
export interface Claimed {
  readonly of: string;
  readonly [field: string]: unknown;
}

/**
 * What the operator alone can vouch for: a code over a claim, made with a key that nobody else has. Whoever has the same
 * claim judges it later, in another process too. Claims are small: digests of what is big, not the thing itself.
 */
export interface Proves {
  /** The code that vouches for a claim. @throws Error while the key is not read yet */
  code(claim: Claimed): string;
  /** Whether a code is the one for this claim. */
  proves(code: string | undefined, claim: Claimed): boolean;
  /**
   * Texts that follow from a claim and that nobody else can know before they are used: one by each key, the newest first.
   * They are the same as long as the key is kept.
   */
  unguessable(claim: Claimed): readonly string[];
}
