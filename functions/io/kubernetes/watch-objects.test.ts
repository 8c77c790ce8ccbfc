import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import type { Kubernetes } from './kubernetes.ts'
import { KubernetesError } from './kubernetes-error.ts'
import type { ApiRequest } from './transport.ts'
import { watchObjects } from './watch-objects.ts'

/** An API server whose every answer is given by the test, in the order of the requests. */
function scriptedServer(t: TestContext) {
  const requests: URL[] = []
  const waiting: ((answer: Readable | Error) => void)[] = []
  const answers: (Readable | Error)[] = []
  const listeners = new Set<() => void>()
  const stop = new AbortController()
  t.after(() => stop.abort(new Error('the test is over')))
  const kubernetes: Pick<Kubernetes, 'transport' | 'timeoutMs'> = {
    timeoutMs: 5_000,
    transport: {
      server: new URL('https://kubernetes.example.com'),
      async send({ path, signal }: ApiRequest) {
        requests.push(new URL(path, 'https://kubernetes.example.com'))
        for (const listener of listeners) listener()
        const given = answers.shift() ?? (await nextAnswer(signal))
        if (given instanceof Error) throw given
        return given as IncomingMessage
      },
      [Symbol.dispose]: () => undefined,
    },
  }
  function nextAnswer(signal: AbortSignal): Promise<Readable | Error> {
    const { promise, resolve } = Promise.withResolvers<Readable | Error>()
    waiting.push(resolve)
    signal.addEventListener('abort', () => resolve(new Error('aborted')))
    return promise
  }
  const give = (answer: Readable | Error) => {
    const next = waiting.shift()
    if (next) next(answer)
    else answers.push(answer)
  }
  /** Resolves once the nth request is there. */
  const asked = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => {
      if (requests.length >= count) resolve()
    }
    listeners.add(check)
    check()
    return promise
  }
  return { kubernetes, requests, give, asked, signal: stop.signal }
}

const named = (name: string, resourceVersion: number) => ({
  metadata: { name, resourceVersion: String(resourceVersion) },
})
const list = (resourceVersion: number, ...items: readonly unknown[]) =>
  Readable.from([JSON.stringify({ metadata: { resourceVersion: String(resourceVersion) }, items })])
const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`

/** Follows `/things` and writes down what the watch tells; `until` waits for the nth note. */
async function follow(server: ReturnType<typeof scriptedServer>) {
  const notes: string[] = []
  const listeners = new Set<() => void>()
  const note = (text: string) => {
    notes.push(text)
    for (const listener of listeners) listener()
  }
  const nameOf = (object: unknown) => (object as ReturnType<typeof named>).metadata.name
  const watch = await watchObjects(
    server.kubernetes,
    { path: '/things' },
    {
      listed: (items, resourceVersion) => note(`listed ${items.map(nameOf).join('+')} at ${resourceVersion}`),
      changed: object => note(`changed ${nameOf(object)}`),
      deleted: object => note(`deleted ${nameOf(object)}`),
      failed: error => note(`failed: ${error instanceof Error ? error.message : ''}`),
    },
    server.signal,
  )
  const until = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => {
      if (notes.length >= count) resolve()
    }
    listeners.add(check)
    check()
    return promise
  }
  return { notes, until, watch }
}

describe('a watch', () => {
  it('lists page by page, then follows from there', async t => {
    const server = scriptedServer(t)
    server.give(
      Readable.from([JSON.stringify({ metadata: { resourceVersion: '7', continue: 'more' }, items: [named('a', 1)] })]),
    )
    server.give(list(7, named('b', 2)))
    server.give(Readable.from([event('ADDED', named('c', 8)), event('DELETED', named('a', 9))]))
    const { notes, until } = await follow(server)
    await until(3)
    assert.deepEqual(notes, ['listed a+b at 7', 'changed c', 'deleted a'])
    assert.equal(server.requests[1]?.searchParams.get('continue'), 'more')
    assert.equal(server.requests[2]?.searchParams.get('resourceVersion'), '7')
  })

  it('goes on at the last version it saw, bookmarks included, when the connection ends', async t => {
    const server = scriptedServer(t)
    server.give(list(7))
    server.give(Readable.from([event('ADDED', named('a', 8)), event('BOOKMARK', named('', 20))]))
    server.give(Readable.from([event('ADDED', named('b', 21))]))
    const { notes, until } = await follow(server)
    await until(3)
    assert.deepEqual(notes, ['listed  at 7', 'changed a', 'changed b'])
    assert.equal(server.requests[2]?.searchParams.get('resourceVersion'), '20')
  })

  const tooOld: readonly [string, Readable | Error][] = [
    ['refuses its version (410)', new KubernetesError('unavailable', 'gone', { status: 410 })],
    ['says in the stream that it is too old', Readable.from([event('ERROR', { kind: 'Status', code: 410 })])],
  ]
  for (const [what, answer] of tooOld) {
    it(`lists anew when the server ${what}`, async t => {
      const server = scriptedServer(t)
      server.give(list(7, named('a', 1)))
      server.give(answer)
      server.give(list(30, named('b', 29)))
      server.give(Readable.from([event('ADDED', named('c', 31))]))
      const { notes, until } = await follow(server)
      await until(4)
      assert.deepEqual([notes[0], notes[2], notes[3]], ['listed a at 7', 'listed b at 30', 'changed c'])
      assert.match(notes[1] ?? '', /^failed/)
    })
  }

  it('says that it is behind while the server cannot be reached, and that it is current again', async t => {
    const server = scriptedServer(t)
    server.give(list(7))
    const { until, watch } = await follow(server)
    assert.equal(watch.current(), true)
    server.give(new KubernetesError('unavailable', 'ECONNREFUSED'))
    await until(2)
    assert.equal(watch.current(), false)
    const stream = new PassThrough()
    server.give(stream)
    stream.write(event('ADDED', named('a', 8)))
    await until(3)
    assert.equal(watch.current(), true)
    stream.end()
  })

  it('stays behind for as long as the next attempt gets no answer', async t => {
    const server = scriptedServer(t)
    server.give(list(7))
    server.give(new KubernetesError('unavailable', 'ECONNREFUSED'))
    const { watch } = await follow(server)
    await server.asked(3)
    assert.equal(watch.current(), false)
  })

  it('rejects when the first list fails', async t => {
    const server = scriptedServer(t)
    server.give(new KubernetesError('forbidden', 'no'))
    await assert.rejects(follow(server), KubernetesError)
  })
})
