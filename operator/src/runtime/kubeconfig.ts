import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig, loadYaml, type User } from '@kubernetes/client-node';

interface KubeConfigFile {
  users?: { name?: string; user?: { token?: string; tokenFile?: string } }[];
}

/**
 * Loads a kubeconfig: the file given, else what KUBECONFIG names, else the one of the home folder, else the service
 * account of the pod. client-node ignores `tokenFile`, the field for tokens that rotate; here it is read.
 * @throws Error when the file cannot be read or understood
 */
export function loadKubeConfig(file?: string): KubeConfig {
  const config = new KubeConfig();
  if (file) config.loadFromFile(file);
  else config.loadFromDefault();
  const files = file ? [file] : defaultFiles().filter(existsSync);
  for (const each of files) useTokenFiles(config, each);
  return config;
}

function defaultFiles(): string[] {
  const named = process.env.KUBECONFIG?.split(delimiter).filter((path) => path !== '') ?? [];
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
}

function useTokenFiles(config: KubeConfig, file: string): void {
  const { users = [] } = loadYaml<KubeConfigFile | undefined>(readFileSync(file, 'utf8')) ?? {};
  const tokenFiles = new Map<string, string>();
  for (const { name = '', user } of users) {
    if (user?.tokenFile) tokenFiles.set(name, resolve(dirname(file), user.tokenFile));
  }
  if (tokenFiles.size === 0) return;
  config.users = config.users.map((user) => withTokenFile(user, tokenFiles.get(user.name)));
}

/** As with kubectl the file wins over a token that is written beside it. */
function withTokenFile(user: User, tokenFile: string | undefined): User {
  if (tokenFile === undefined) return user;
  const { token: _token, ...rest } = user;
  return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } };
}
