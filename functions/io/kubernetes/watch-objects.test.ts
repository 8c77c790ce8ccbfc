import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { KubernetesError } from './kubernetes-error.ts'
import { list, named, nameOf, scriptedServer } from './testing/scripted-server.ts'
import { watchObjects } from './watch-objects.ts'

const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`

/** Follows `/things` and writes down what the watch tells; `until` waits for the nth note. */
async function follow(server: ReturnType<typeof scriptedServer>) {
  const notes: string[] = []
  const listeners = new Set<() => void>()
  const note = (text: string) => {
    notes.push(text)
    for (const listener of listeners) listener()
  }
  const watch = await watchObjects(
    server.connection,
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
    server.give(list(7, [named('a', 1)], 'more'))
    server.give(list(7, [named('b', 2)]))
    server.give(Readable.from([event('ADDED', named('c', 8)), event('DELETED', named('a', 9))]))
    const { notes, until } = await follow(server)
    await until(3)
    assert.deepEqual(notes, ['listed a+b at 7', 'changed c', 'deleted a'])
    assert.equal(server.requests[1]?.searchParams.get('continue'), 'more')
    assert.equal(server.requests[2]?.searchParams.get('resourceVersion'), '7')
  })

  it('goes on at the last version it saw, bookmarks included, when the connection ends', async t => {
    const server = scriptedServer(t)
    server.give(list(7, []))
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
      server.give(list(7, [named('a', 1)]))
      server.give(answer)
      server.give(list(30, [named('b', 29)]))
      server.give(Readable.from([event('ADDED', named('c', 31))]))
      const { notes, until } = await follow(server)
      await until(4)
      assert.deepEqual([notes[0], notes[2], notes[3]], ['listed a at 7', 'listed b at 30', 'changed c'])
      assert.match(notes[1] ?? '', /^failed/)
    })
  }

  it('says that it is behind while the server cannot be reached, and that it is current again', async t => {
    const server = scriptedServer(t)
    server.give(list(7, []))
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
    server.give(list(7, []))
    server.give(new KubernetesError('unavailable', 'ECONNREFUSED'))
    const { watch } = await follow(server)
    await server.asked(3)
    assert.equal(watch.current(), false)
  })

  it('waits for a server that is away when it begins', async t => {
    const server = scriptedServer(t)
    server.give(new KubernetesError('unavailable', 'ECONNREFUSED'))
    server.give(list(7, [named('a', 1)]))
    const { notes } = await follow(server)
    assert.deepEqual(notes, ['failed: ECONNREFUSED', 'listed a at 7'])
  })

  it('rejects when the first list is refused', async t => {
    const server = scriptedServer(t)
    server.give(new KubernetesError('forbidden', 'no'))
    await assert.rejects(follow(server), KubernetesError)
  })
})
