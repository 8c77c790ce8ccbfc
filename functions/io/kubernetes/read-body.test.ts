import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { readBody } from './read-body.ts'

/** The beginning of an answer of a real server. */
async function answerOf(listener: RequestListener, signal: AbortSignal) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const request = get({ port: (server.address() as AddressInfo).port, signal })
  request.on('error', () => undefined)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { response, [Symbol.dispose]: () => void server.close().closeAllConnections() }
}

describe('the body of an answer', () => {
  it('that is cut off makes the call one that may be repeated', async () => {
    const cut = new AbortController()
    using answer = await answerOf((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"kind":')
      cut.signal.addEventListener('abort', () => response.destroy())
    }, AbortSignal.timeout(10_000))
    const reading = readBody(answer.response, { method: 'GET', path: '/things', signal: AbortSignal.timeout(10_000) })
    cut.abort()
    await assert.rejects(reading, {
      name: 'KubernetesError',
      failure: 'unavailable',
      message: 'GET /things: the answer was cut off',
    })
  })

  it('that is given up ends with the reason', async () => {
    const stop = new AbortController()
    using answer = await answerOf((_, response) => void response.writeHead(200).write('{"kind":'), stop.signal)
    const reading = readBody(answer.response, { method: 'GET', path: '/things', signal: stop.signal })
    const enough = new Error('enough')
    stop.abort(enough)
    await assert.rejects(reading, enough)
  })
})
