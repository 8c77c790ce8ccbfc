export type { Cluster } from './cluster.ts'
export { startCluster } from './start-cluster.ts'
export { whyNoCluster } from './why-no-cluster.ts'
