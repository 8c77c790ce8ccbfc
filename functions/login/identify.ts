import { type Identity, type PeerIdentity, TailscaleError, type TailscaleSocket, type WhoIsOptions } from 'tsnet-node'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { ConnectionLost } from './connection.ts'

/** Says who is at the other end of a connection. */
interface ConnectionSource {
  reauthorize(socket: TailscaleSocket, options: WhoIsOptions): Promise<Identity>
}

/** Says who has a node, connected or not. */
interface NodeSource {
  whoIsNode(id: string, options: { readonly signal: AbortSignal }): Promise<PeerIdentity>
}

/** Half of what is allowed between question and decision, so that the other half is left for deciding. */
const freshMs = 1_000
const timeoutMs = 2_000

/** Who is at the other end of a tailnet connection now, in the terms that the rules are decided in. */
export function identify(
  socket: TailscaleSocket,
  source: ConnectionSource,
  capability: string,
): Promise<TailnetIdentity> {
  const options = { maxAgeMs: freshMs, signal: AbortSignal.timeout(timeoutMs) }
  return identityFrom(source.reauthorize(socket, options), capability)
}

/** Who has the node with this stable id now; `unknown` when the tailnet has no such node any more. */
export function identifyNode(
  id: string,
  source: NodeSource,
  capability: string,
  signal: AbortSignal,
): Promise<TailnetIdentity> {
  const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }
  return identityFrom(source.whoIsNode(id, options), capability)
}

async function identityFrom(answer: Promise<Identity>, capability: string): Promise<TailnetIdentity> {
  try {
    return toTailnetIdentity(await answer, capability)
  } catch (error) {
    if (!(error instanceof TailscaleError)) return { kind: 'whois-failed' }
    if (error.code === 'ERR_TSNET_PEER_NOT_FOUND') return { kind: 'unknown' }
    if (error.code === 'ERR_TSNET_IDENTITY_CHANGED') throw new ConnectionLost(error.code, { cause: error })
    return { kind: 'whois-failed' }
  }
}

/** Puts what the tailnet says about a peer into the terms of the rules. */
export function toTailnetIdentity(identity: Identity, capability: string): TailnetIdentity {
  switch (identity.kind) {
    case 'funnel':
      return { kind: 'funnel' }
    case 'unknown':
      return { kind: identity.whoIsError === undefined ? 'unknown' : 'whois-failed' }
    case 'tagged':
      return { kind: 'tagged', node: { id: identity.node.id, name: identity.node.name } }
    case 'user': {
      const { user, node, capMap } = identity
      return {
        kind: 'person',
        login: user.login,
        userId: String(user.id),
        displayName: user.displayName,
        node: { id: node.id, name: node.name },
        capabilities: capMap[capability] ?? [],
      }
    }
  }
}
