import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import {
  type Identity,
  TailscaleError,
  type TailscaleErrorCode,
  type TailscaleSocket,
  type UserIdentity,
  type WhoIsOptions,
} from 'tsnet-node'
import { ConnectionLost } from './connection.ts'
import { identify, identifyNode, toTailnetIdentity } from './identify.ts'

const capability = 'specht-labs.de/cap/tka'
const facts = { remoteAddress: '100.64.0.2', remotePort: 4_242, at: 0 }
const node = { id: 'n1', name: 'laptop.tail1.ts.net', tags: [] }
const user: UserIdentity = {
  kind: 'user',
  ...facts,
  user: { id: 7, login: 'alice@example.com', displayName: 'Alice' },
  node,
  capMap: { [capability]: [{ role: 'view' }], 'example.com/cap/other': [{ role: 'admin' }] },
}
const none = { ...facts, capMap: {} }

describe('an identity of the tailnet', () => {
  it('is a person with the values of our capability alone', () => {
    assert.deepEqual(toTailnetIdentity(user, capability), {
      kind: 'person',
      login: 'alice@example.com',
      userId: '7',
      displayName: 'Alice',
      node: { id: 'n1', name: 'laptop.tail1.ts.net' },
      capabilities: [{ role: 'view' }],
    })
    assert.deepEqual(toTailnetIdentity(user, 'example.com/cap/none'), {
      ...toTailnetIdentity(user, capability),
      capabilities: [],
    })
  })

  it('is tagged, with the node, for a device that is nobody’s', () => {
    assert.deepEqual(toTailnetIdentity({ kind: 'tagged', ...none, node: { ...node, tags: ['tag:ci'] } }, capability), {
      kind: 'tagged',
      node: { id: 'n1', name: 'laptop.tail1.ts.net' },
    })
  })

  const others: readonly (readonly [Identity, string])[] = [
    [{ kind: 'funnel', ...none, funnel: { target: 'tka:443' } }, 'funnel'],
    [{ kind: 'unknown', ...none }, 'unknown'],
    [{ kind: 'unknown', ...none, whoIsError: 'timeout' }, 'whois-failed'],
  ]
  for (const [identity, kind] of others) {
    it(`is ${kind} for whoever is no person`, () => assert.deepEqual(toTailnetIdentity(identity, capability), { kind }))
  }
})

describe('asking who is at the other end', () => {
  const socket: TailscaleSocket = Object.assign(new Socket(), { tailscale: user })
  const failing = (error: unknown) => ({ reauthorize: () => Promise.reject(error) })

  it('asks anew unless the answer is at most two seconds old, and not for ever', async () => {
    let asked: WhoIsOptions = {}
    const source = {
      reauthorize: async (_: TailscaleSocket, options: WhoIsOptions) => {
        asked = options
        return user
      },
    }
    assert.equal((await identify(socket, source, capability)).kind, 'person')
    assert.ok(asked.maxAgeMs !== undefined && asked.maxAgeMs <= 2_000)
    assert.ok(asked.signal)
  })

  const failures: readonly (readonly [TailscaleErrorCode, string])[] = [
    ['ERR_TSNET_PEER_NOT_FOUND', 'unknown'],
    ['ERR_TSNET_WHOIS', 'whois-failed'],
    ['ERR_TSNET_HELPER_EXITED', 'whois-failed'],
    ['ERR_TSNET_CLOSED', 'whois-failed'],
  ]
  for (const [code, kind] of failures) {
    it(`gives ${kind} on ${code}`, async () => {
      const source = failing(new TailscaleError(code, 'no'))
      assert.deepEqual(await identify(socket, source, capability), { kind })
    })
  }

  it('gives whois-failed when nobody answers in time', async () => {
    const source = failing(new DOMException('late', 'TimeoutError'))
    assert.deepEqual(await identify(socket, source, capability), { kind: 'whois-failed' })
  })

  it('rejects where the connection is somebody else by now', async () => {
    const source = failing(new TailscaleError('ERR_TSNET_IDENTITY_CHANGED', 'no'))
    await assert.rejects(identify(socket, source, capability), ConnectionLost)
  })
})

describe('asking who has a node', () => {
  const { signal } = new AbortController()
  const failing = (code: TailscaleErrorCode) => ({ whoIsNode: () => Promise.reject(new TailscaleError(code, 'no')) })

  it('gives the person whose node it is', async () => {
    const source = { whoIsNode: async (id: string) => ({ ...user, node: { ...node, id } }) }
    assert.deepEqual(await identifyNode('n1', source, capability, signal), toTailnetIdentity(user, capability))
  })

  it('gives unknown when the node is gone, whois-failed when nobody could say', async () => {
    assert.deepEqual(await identifyNode('n1', failing('ERR_TSNET_PEER_NOT_FOUND'), capability, signal), {
      kind: 'unknown',
    })
    assert.deepEqual(await identifyNode('n1', failing('ERR_TSNET_NOT_UP'), capability, signal), {
      kind: 'whois-failed',
    })
  })
})
