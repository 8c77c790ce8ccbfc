import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PeerIdentity, TailscaleError, type UserIdentity } from 'tsnet-node'
import { createNodeDirectory } from './node-directory.ts'

const capability = 'specht-labs.de/cap/tka'

const peer = (id: string, remoteAddress: string): UserIdentity => ({
  kind: 'user',
  remoteAddress,
  remotePort: 0,
  at: 0,
  user: { id: 7, login: 'alice@example.com', displayName: 'Alice' },
  node: { id, name: 'laptop', tags: [] },
  capMap: {},
})

const answering = (answers: Readonly<Record<string, PeerIdentity>>) => ({
  whoIs: async (address: string) => {
    const found = answers[address]
    if (found) return found
    throw new TailscaleError('ERR_TSNET_PEER_NOT_FOUND', address)
  },
})

describe('a node looked up by its id', () => {
  it('is asked for at the address that it was last seen with', async () => {
    const directory = createNodeDirectory(capability)
    directory.seen(peer('n1', '100.64.0.2'))
    directory.seen(peer('n1', 'fd7a::2'))
    const source = answering({ 'fd7a::2': peer('n1', 'fd7a::2') })
    assert.equal((await directory.whoIsNode('n1', source)).kind, 'person')
  })

  it('is unknown when it is gone, or when another has its address', async () => {
    const directory = createNodeDirectory(capability)
    directory.seen(peer('n1', '100.64.0.2'))
    assert.deepEqual(await directory.whoIsNode('n1', answering({})), { kind: 'unknown' })
    const reused = answering({ '100.64.0.2': peer('n2', '100.64.0.2') })
    assert.deepEqual(await directory.whoIsNode('n1', reused), { kind: 'unknown' })
  })

  it('cannot be judged when it was never seen, or nobody answers', async () => {
    const directory = createNodeDirectory(capability)
    assert.deepEqual(await directory.whoIsNode('n1', answering({})), { kind: 'whois-failed' })
    directory.seen(peer('n1', '100.64.0.2'))
    const down = { whoIs: () => Promise.reject(new TailscaleError('ERR_TSNET_HELPER_EXITED', 'no')) }
    assert.deepEqual(await directory.whoIsNode('n1', down), { kind: 'whois-failed' })
  })
})
