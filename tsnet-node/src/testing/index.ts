export { buildGo, type GoBuild } from '../build-go.ts'
export { programs } from '../helper-cache.ts'
export { connectFunnel, type FunnelOptions } from './funnel.ts'
export { type Headscale, startHeadscale } from './headscale.ts'
export type { HeadscaleAdmin } from './headscale-admin.ts'
export type { HeadscaleKeyOptions } from './headscale-calls.ts'
export {
  type Laptop,
  type LaptopOptions,
  type LaptopRequest,
  type LaptopResponse,
  requestThrough,
  startLaptop,
} from './laptop.ts'
export { connectSocks, type SocksAddress, type SocksTarget, socksAgent } from './socks5.ts'
export { startTailscaled } from './tailscaled.ts'
export {
  type JoinedNode,
  startTestnet,
  type TestCertificate,
  type TestGrant,
  type TestNode,
  type Testnet,
  type TestnetAdmin,
  type TestnetOptions,
  testnetAdmin,
  testnetEnv,
} from './testnet.ts'
