import { isIP } from 'node:net'
import { splitAddress } from './address.ts'
import { TailscaleError } from './errors.ts'
import type { FunnelFacts, Identity, PeerIdentity, TlsFacts } from './identity.ts'
import type { NodeStatus } from './status.ts'

/** A peer as the helper sends it (helper/internal/peer). */
interface WirePeer {
  readonly node: { readonly id: string; readonly name: string; readonly tags: readonly string[] }
  readonly user?: { readonly id: number; readonly login: string; readonly displayName: string }
  readonly capMap: Readonly<Record<string, readonly unknown[]>>
}

/** The header of a stream as the helper sends it (helper/stream.go). */
interface WireHeader {
  readonly v: 1
  readonly stream: number
  readonly at: number
  readonly remote: string
  readonly local?: string
  readonly tls?: TlsFacts
  readonly funnel?: FunnelFacts
  readonly peer?: WirePeer
  readonly whoIsError?: string
}

/** What the header of a stream says that carries a connection from a peer. */
export interface StreamHeader {
  /** Names the stream in what this side and the helper say about it. */
  readonly stream: number
  readonly identity: Identity
  /** Address and port on this side, where there is one. */
  readonly local: string | undefined
}

/** What the header of a stream says that carries a connection which this side asked for. */
export interface DialledHeader {
  readonly stream: number
  /** The number given with the question. */
  readonly dial: number
  readonly remote: string
  readonly local: string
}

/** The helper's answer to `whois` (helper/whois.go). */
export interface WireAnswer {
  readonly at: number
  readonly peer: WirePeer
}

/** The helper's answer to `whoisNode` (helper/directory.go). */
export interface WireNodeAnswer extends WireAnswer {
  /** Where the node is. */
  readonly ip: string
}

/** The helper's answer to `up` and `status` (helper/status.go). */
export type WireStatus = NodeStatus & { readonly udpPort: number }

/**
 * Reads a stream's header. Whatever is not exactly what the helper writes is refused: a half-read identity is none.
 * @throws TailscaleError `ERR_TSNET_PROTOCOL`
 */
export function parseHeader(text: string): StreamHeader {
  const header = parseJson(text)
  if (!isHeader(header)) throw new TailscaleError('ERR_TSNET_PROTOCOL', 'stream header of an unknown form')
  return { stream: header.stream, identity: identityOf(header), local: header.local }
}

/**
 * Reads the header of a dialled stream.
 * @throws TailscaleError `ERR_TSNET_PROTOCOL`
 */
export function parseDialledHeader(text: string): DialledHeader {
  const header = parseJson(text)
  if (!isDialledHeader(header)) throw new TailscaleError('ERR_TSNET_PROTOCOL', 'stream header of an unknown form')
  return header
}

/** The identity that a `whois` answer gives an address. */
export function peerIdentity(address: string, answer: WireAnswer): PeerIdentity {
  if (!isPeer(answer.peer)) throw new TailscaleError('ERR_TSNET_PROTOCOL', 'WhoIs answer of an unknown form')
  return fromPeer({ remoteAddress: address, remotePort: 0, at: answer.at }, answer.peer)
}

function identityOf({ at, remote, tls, funnel, peer, whoIsError }: WireHeader): Identity {
  const { address, port } = splitAddress(remote)
  const facts = { remoteAddress: address, remotePort: port, at, ...(tls && { tls }) }
  if (funnel) return Object.freeze({ kind: 'funnel', capMap: {}, funnel, ...facts })
  if (peer) return fromPeer(facts, peer)
  return Object.freeze({ kind: 'unknown', capMap: {}, ...facts, ...(whoIsError && { whoIsError }) })
}

interface Facts {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly at: number
  readonly tls?: TlsFacts
}

function fromPeer(facts: Facts, { node, user, capMap }: WirePeer): PeerIdentity {
  if (user) return Object.freeze({ kind: 'user', user, node, capMap, ...facts })
  return Object.freeze({ kind: 'tagged', node, capMap, ...facts })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TailscaleError('ERR_TSNET_PROTOCOL', 'stream header is not JSON', { cause })
  }
}

function isHeader(value: unknown): value is WireHeader {
  return (
    isObject(value) &&
    value.v === 1 &&
    value.dial === undefined &&
    Number.isSafeInteger(value.stream) &&
    Number.isSafeInteger(value.at) &&
    typeof value.remote === 'string' &&
    isIP(splitAddress(value.remote).address) !== 0 &&
    (value.funnel === undefined || (isObject(value.funnel) && value.peer === undefined)) &&
    (value.peer === undefined || isPeer(value.peer))
  )
}

function isDialledHeader(value: unknown): value is DialledHeader {
  return (
    isObject(value) &&
    value.v === 1 &&
    Number.isSafeInteger(value.stream) &&
    Number.isSafeInteger(value.dial) &&
    typeof value.remote === 'string' &&
    typeof value.local === 'string'
  )
}

function isPeer(value: unknown): value is WirePeer {
  if (!isObject(value) || !isObject(value.node) || !isObject(value.capMap)) return false
  const { node, user } = value
  if (typeof node.id !== 'string' || node.id === '' || typeof node.name !== 'string' || !Array.isArray(node.tags)) {
    return false
  }
  // A person's device or a tagged one; never both, never neither.
  return node.tags.length > 0 ? user === undefined : isUser(user)
}

function isUser(value: unknown): boolean {
  return isObject(value) && Number.isSafeInteger(value.id) && typeof value.login === 'string' && value.login !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
