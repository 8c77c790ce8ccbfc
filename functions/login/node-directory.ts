import { type Identity, type PeerIdentity, TailscaleError, type WhoIsOptions } from 'tsnet-node'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { toTailnetIdentity } from './identify.ts'

/** What looking up a node needs of the tailnet node. */
interface AddressSource {
  whoIs(address: string, options: WhoIsOptions): Promise<PeerIdentity>
}

/** Finds a node's present rules by its stable id, at the address that it was last seen with. */
export interface NodeDirectory {
  seen(identity: Identity): void
  /** `unknown` when the node is gone from its address, `whois-failed` when nobody could say. */
  whoIsNode(id: string, source: AddressSource): Promise<TailnetIdentity>
}

const mostNodes = 10_000
const timeoutMs = 5_000

/** Makes an empty directory. */
export function createNodeDirectory(capability: string): NodeDirectory {
  const addresses = new Map<string, string>()

  return {
    seen({ kind, node, remoteAddress }) {
      if (kind !== 'user') return
      addresses.delete(node.id)
      addresses.set(node.id, remoteAddress)
      const [oldest] = addresses.keys()
      if (addresses.size > mostNodes && oldest !== undefined) addresses.delete(oldest)
    },
    async whoIsNode(id, source) {
      const address = addresses.get(id)
      if (address === undefined) return { kind: 'whois-failed' }
      try {
        const identity = await source.whoIs(address, { signal: AbortSignal.timeout(timeoutMs) })
        return identity.node.id === id ? toTailnetIdentity(identity, capability) : { kind: 'unknown' }
      } catch (error) {
        const gone = error instanceof TailscaleError && error.code === 'ERR_TSNET_PEER_NOT_FOUND'
        return { kind: gone ? 'unknown' : 'whois-failed' }
      }
    },
  }
}
