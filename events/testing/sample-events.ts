import { authority } from '../authority.ts'
import { createEvent } from '../create-event.ts'
import type { EventData, EventOf, EventType, TkaEvent } from '../event.ts'
import type { SealingJwk } from '../fields.ts'
import { type FunctionName, sourceOf } from '../functions.ts'

/** A public key as published in RFC 8037, A.6. */
const sampleSealingJwk: SealingJwk = {
  kty: 'OKP',
  crv: 'X25519',
  x: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08',
}

const sealed = 'eyJhbGciOiJFQ0RILUVTIn0..AAAAAAAAAAAAAAAA.c2VhbGVk.AAAAAAAAAAAAAAAAAAAAAA'
const id = '019312d6-2c11-7abc-8def-0123456789ab'

/** Data of one event of each type. */
export const sampleData: EventData = {
  'dev.tka.session.requested.v1': {
    login: 'alice@example.com',
    userId: '4711',
    node: 'nAlice1CNTRL',
    nodeName: 'alice-laptop',
    role: 'edit',
    namespaces: ['a', 'b'],
    period: 28_800,
    key: sampleSealingJwk,
  },
  'dev.tka.session.granted.v1': {
    request: id,
    session: id,
    role: 'edit',
    namespaces: ['a', 'b'],
    validUntil: '2026-11-23T18:00:00Z',
    renewed: false,
    sealed,
  },
  'dev.tka.session.denied.v1': { request: id, code: 'unavailable', retriable: true },
  'dev.tka.credential.requested.v1': {
    session: id,
    login: 'alice@example.com',
    userId: '4711',
    node: 'nAlice1CNTRL',
    key: sampleSealingJwk,
  },
  'dev.tka.credential.issued.v1': { request: id, session: id, validUntil: '2026-11-23T18:00:00Z', sealed },
  'dev.tka.logout.requested.v1': {
    login: 'alice@example.com',
    userId: '4711',
    node: 'nAlice1CNTRL',
    reason: 'asked',
  },
  'dev.tka.session.revocation.requested.v1': { request: id, session: id, reason: 'logout' },
  'dev.tka.session.ended.v1': {
    request: id,
    session: id,
    reason: 'logout',
    validUntil: '2026-11-23T18:00:00Z',
    role: 'edit',
    revokedInMs: 4.5,
    hadAccess: true,
  },
  'dev.tka.pong.v1': { function: 'login', version: '0.1.0' },
}

/** An event of a type, from the first function that may sign it, in cluster `lab`. */
export function sampleEvent<T extends EventType>(type: T, now: number): EventOf<T> {
  const [signer = 'login'] = authority[type].signers
  return createEvent(type, { source: sourceOf('lab', signer), subject: 'tka-user-alice', data: sampleData[type], now })
}

/** Who signs an event, by its source. */
export function signerOf(event: TkaEvent): FunctionName {
  const signer = authority[event.type].signers.find(name => event.source.endsWith(`/${name}`))
  if (signer === undefined) throw new Error(`nobody signs ${event.type} from ${event.source}`)
  return signer
}
