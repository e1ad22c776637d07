/** What the bundle has in place of `gaxios`, by which `@dot-i/k8s-operator` writes where `AdoOperator` does not let it. */
export const instance = {
  request: (): never => {
    throw new Error('gaxios is not in the bundle: writes of the operator go through its own client');
  },
};
