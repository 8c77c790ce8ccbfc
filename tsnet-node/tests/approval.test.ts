import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createMemoryStore } from '../src/memory-store.ts'
import { startTestnet } from '../src/testing/index.ts'
import { eventually, makeNode, rejection } from './support.ts'

const signal = () => AbortSignal.timeout(10_000)

suite('a node that an administrator has to approve', () => {
  test('is told so in seconds, and joins once it is approved', async () => {
    await using net = await startTestnet({ requireApproval: true })
    await using node = makeNode(net, { hostname: 'new', stateStore: createMemoryStore() })
    const began = performance.now()
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_NEEDS_APPROVAL')
    assert.ok(performance.now() - began < 5_000)
    await net.approveNode('new')
    assert.equal((await node.up({ signal: signal() })).state, 'Running')
  })

  test('waits for it if a person may log it in', async () => {
    await using net = await startTestnet({ requireApproval: true })
    await using node = makeNode(net, { hostname: 'waiting', interactive: true })
    const up = node.up({ signal: signal() })
    await eventually(() => node.state === 'NeedsMachineAuth', { withinMs: 10_000, what: 'NeedsMachineAuth' })
    await net.approveNode('waiting')
    assert.equal((await up).state, 'Running')
  })
})
