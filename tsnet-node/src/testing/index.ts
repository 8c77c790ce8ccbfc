export { buildGo, type GoBuild, programs } from '../../scripts/build-helper.ts'
export { connectFunnel, type FunnelOptions } from './funnel.ts'
export {
  type Laptop,
  type LaptopOptions,
  type LaptopRequest,
  type LaptopResponse,
  requestThrough,
  startLaptop,
} from './laptop.ts'
export { connectSocks, type SocksAddress, type SocksTarget, socksAgent } from './socks5.ts'
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
