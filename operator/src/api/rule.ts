/** A rule of a CRD in CEL, for what a schema cannot say. */
export interface Rule {
  readonly rule: string;
  /** What is wrong and what to write; also where `messageExpression` has no value. */
  readonly message: string;
  /** The message in CEL, where it can show the value: of a text the API server shows nothing but its type. */
  readonly messageExpression?: string;
  /** The field that is at fault, below the one that has the rule: `.needs`. */
  readonly fieldPath?: string;
}

/** That a field keeps what it had when the object was made. */
export const frozen = (field: string, remedy: string): Rule => ({
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  message: `${field} cannot change${remedy}`,
  fieldPath: `.${field}`,
});

/** That exactly one of these fields is set. */
export const exactlyOne = (fields: readonly string[], message: string): Rule => ({
  rule: `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(x, x).size() == 1`,
  message,
});

/** That a text matches a pattern; `remedy` stands for the pattern, which tells people nothing. */
export const matches = (pattern: string, remedy: string): Rule => ({
  rule: `self.matches('${pattern}')`,
  message: remedy,
  messageExpression: `'"' + self + '" is invalid: ${remedy}'`,
});
