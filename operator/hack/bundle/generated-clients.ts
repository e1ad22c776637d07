/** What the bundle has in place of the generated clients of `@kubernetes/client-node`: what its KubeConfig imports. */
export class ServerConfiguration {}

export function createConfiguration(): object {
  return {};
}
