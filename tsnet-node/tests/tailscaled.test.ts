import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TailscaleSocket } from '../src/index.ts'
import { startTailscaled, startTestnet } from '../src/testing/index.ts'
import { isAlive, startNode } from './support.ts'

test('a real tailscaled, as people’s devices run, reaches a node by MagicDNS name and is identified', async () => {
  await using net = await startTestnet()
  await net.setNode('carols', { login: 'carol@example.com', displayName: 'Carol' })
  await net.setGrant('door', { src: ['carol@example.com'], dst: ['host:server'], app: { 'example.com/cap/door': [1] } })
  await using node = await startNode(net, { hostname: 'server' })
  const server = createServer((request, response) => {
    response.end(JSON.stringify((request.socket as TailscaleSocket).tailscale))
  })
  await node.serve(server, { port: 80 })
  const daemon = await startTailscaled({ hostname: 'carols', controlUrl: net.controlUrl })
  try {
    const { name } = await node.status()
    for (const host of ['server', name]) {
      const { status, body } = await daemon.request(`http://${host}/`)
      assert.equal(status, 200)
      const identity = JSON.parse(body)
      assert.equal(identity.kind, 'user')
      assert.equal(identity.user.login, 'carol@example.com')
      assert.deepEqual(identity.capMap['example.com/cap/door'], [1])
      assert.ok(daemon.ips.includes(identity.remoteAddress))
    }
  } finally {
    await daemon[Symbol.asyncDispose]()
  }
  assert.equal(isAlive(daemon.pid), false)
})
