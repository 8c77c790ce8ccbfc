import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { freeTcpPort, freeUdpPort } from './free-port.ts'

suite('a free port', () => {
  test('of TCP can be listened on', async () => {
    const port = await freeTcpPort()
    await using server = createServer()
    await once(server.listen(port, '127.0.0.1'), 'listening')
  })

  test('of UDP can be bound, and is none that the system gives to whoever asks for any', async () => {
    const port = await freeUdpPort()
    assert.ok(port < 32_768)
    await using socket = createSocket('udp4')
    await once(socket.bind(port, '127.0.0.1'), 'listening')
  })
})
