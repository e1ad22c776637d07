/** The image that the tests build, from the root of the repository. */
export const IMAGE_ARCHIVE = 'dist/test/ado-operator-image.tar';
/** The same image under the name of a later release. */
export const NEXT_IMAGE = 'ado/operator:next';
/** Keeps pods off the simulated nodes unless they tolerate it. */
export const SIMULATED_TAINT = 'ado.test/simulated';
