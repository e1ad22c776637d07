/** The API group and version of every kind of Ado. The group sorts after `argoproj.io` on purpose (design §3). */
export const GROUP = 'flow.ado.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
/** Name of the admission webhook's Secret, Service and configurations. */
export const ADMISSION_NAME = 'ado-admission';
