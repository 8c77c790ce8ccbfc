/** IPv4 addresses of a cluster, all out of one block that one route leads to. */
export interface Addresses {
  /** CIDR of all of them. */
  readonly block: string
  /** CIDR of the ClusterIPs. */
  readonly services: string
  /** ClusterIP of DNS. */
  readonly dns: string
  /** CIDR of the pods. */
  readonly pods: string
  /** The machine's end of the link: what pods reach it by. */
  readonly host: string
  /** The cluster's end of the link: the node, and its API server. */
  readonly node: string
}

/** Length of the block's prefix: four /16. */
const blockBits = 14

/**
 * Chooses the first block of 10.0.0.0/8 that overlaps none of the routes (`10.0.0.0/8`, `192.0.2.1`) that the machine has,
 * from 10.96.0.0, where clusters usually have their Services, upwards. Throws when all of it is in use.
 */
export function chooseAddresses(routes: readonly string[]): Addresses {
  const taken = routes.map(toRange)
  const seconds = Array.from({ length: 64 }, (_, at) => (96 + at * 4) % 256)
  const free = seconds.find(second => {
    const block = toRange(`10.${second}.0.0/${blockBits}`)
    return !taken.some(({ first, last }) => first <= block.last && block.first <= last)
  })
  if (free === undefined) {
    throw new Error(`a cluster needs a free /${blockBits} of 10.0.0.0/8, and this machine has routes into all of them`)
  }
  return {
    block: `10.${free}.0.0/${blockBits}`,
    services: `10.${free}.0.0/16`,
    dns: `10.${free}.0.10`,
    pods: `10.${free + 1}.0.0/16`,
    host: `10.${free + 2}.0.1`,
    node: `10.${free + 2}.0.2`,
  }
}

function toRange(cidr: string): { readonly first: number; readonly last: number } {
  const [address = '', bits = '32'] = cidr.split('/')
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - Number(bits))
  const first = Math.floor(number / size) * size
  return { first, last: first + size - 1 }
}
