/**
 * The directory of the machine's one cluster, and of the images it keeps. On disk, unlike /run and perhaps /tmp: it is
 * where containers have their files.
 */
export const clusterDir = '/var/tmp/tka-cluster'

/** Lock of whoever has a cluster: one on a machine. */
export const clusterLock = 'cluster'
