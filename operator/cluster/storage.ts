/**
 * The default StorageClass of a cluster with a real node: a volume is a folder of the node, which Rancher's local-path
 * provisioner creates and deletes in a helper pod. Pure.
 */
import { join } from 'node:path';
import { BUSYBOX_IMAGE } from './images.ts';
import type { Node } from './node-config.ts';

const NAMESPACE = 'kube-system';
const CONFIG = 'local-path';
const PROVISIONER = 'rancher.io/local-path';

const SET_UP = '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n';
const TEAR_DOWN = '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n';
const HELPER = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'helper-pod' },
  spec: { containers: [{ name: 'helper-pod', image: BUSYBOX_IMAGE, imagePullPolicy: 'IfNotPresent' }] },
};

/** The configuration of the provisioner: the folder of volumes on the node, inside the cluster's folder. */
export const provisionerConfig = (node: Node): string =>
  JSON.stringify({
    nodePathMap: [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: [join(node.folder, 'volumes')] }],
  });

/** The class, and the configuration of the provisioner and its helper pods. Path → object. */
export function storageObjects(node: Node): [path: string, object: unknown][] {
  return [
    [
      `/api/v1/namespaces/${NAMESPACE}/configmaps/${CONFIG}`,
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: CONFIG, namespace: NAMESPACE },
        data: {
          'config.json': provisionerConfig(node),
          setup: SET_UP,
          teardown: TEAR_DOWN,
          'helperPod.yaml': JSON.stringify(HELPER),
        },
      },
    ],
    [
      '/apis/storage.k8s.io/v1/storageclasses/local-path',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: PROVISIONER,
        volumeBindingMode: 'WaitForFirstConsumer',
        reclaimPolicy: 'Delete',
      },
    ],
  ];
}

/**
 * @param configFile path of a file with `provisionerConfig`; the kubeconfig has all rights, because the cluster is
 * local
 */
export function provisionerFlags(node: Node, configFile: string): string[] {
  return [
    'start',
    `--config=${configFile}`,
    `--kubeconfig=${join(node.folder, 'kubeconfig')}`,
    `--namespace=${NAMESPACE}`,
    `--configmap-name=${CONFIG}`,
    '--service-account-name=default',
    `--helper-image=${BUSYBOX_IMAGE}`,
    `--provisioner-name=${PROVISIONER}`,
  ];
}
