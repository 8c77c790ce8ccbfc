import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { KubernetesError } from './kubernetes-error.ts'
import { listObjects, listPages } from './list-objects.ts'
import { list, named, nameOf, scriptedServer } from './testing/scripted-server.ts'

const query = { path: '/things', labelSelector: 'colour=red' }
const expired = () => new KubernetesError('unavailable', 'the continue token is too old', { status: 410 })

describe('a list that is read in pages', () => {
  it('asks for each page where the one before ended', async t => {
    const server = scriptedServer(t)
    server.give(list(7, [named('a', 1)], 'more'))
    server.give(list(7, [named('b', 2)]))
    const { items, resourceVersion } = await listObjects(server.connection, query, server)
    assert.deepEqual([items.map(nameOf), resourceVersion], [['a', 'b'], '7'])
    assert.deepEqual(
      server.requests.map(({ searchParams }) => Object.fromEntries(searchParams)),
      [
        { limit: '250', labelSelector: 'colour=red' },
        { limit: '250', labelSelector: 'colour=red', continue: 'more' },
      ],
    )
  })

  it('begins anew when the server no longer has it, and loses nothing', async t => {
    const server = scriptedServer(t)
    server.give(list(7, [named('a', 1)], 'more'))
    server.give(expired())
    server.give(list(9, [named('b', 2)], 'more'))
    server.give(list(9, [named('c', 8)]))
    const { items, resourceVersion } = await listObjects(server.connection, query, server)
    assert.deepEqual([items.map(nameOf), resourceVersion], [['b', 'c'], '9'])
    assert.equal(server.requests[2]?.searchParams.has('continue'), false)
  })

  it('says of each page whether it is a first one', async t => {
    const server = scriptedServer(t)
    server.give(list(7, [named('a', 1)], 'more'))
    server.give(list(7, [named('b', 2)], 'more'))
    server.give(expired())
    server.give(list(9, []))
    const pages = await Array.fromAsync(listPages(server.connection, query, server))
    assert.deepEqual(
      pages.map(({ first, items }) => [first, items.map(nameOf)]),
      [
        [true, ['a']],
        [false, ['b']],
        [true, []],
      ],
    )
  })

  it('may be read again when a page was cut off', async t => {
    const server = scriptedServer(t)
    const reset = () => Promise.reject(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    server.give(
      Readable.from(
        (async function* () {
          yield '{'
          await reset()
        })(),
      ),
    )
    await assert.rejects(listObjects(server.connection, query, server), { failure: 'unavailable' })
  })

  it('gives up a list that never gets to its end', async t => {
    const server = scriptedServer(t)
    for (let attempt = 0; attempt < 6; attempt++) {
      server.give(list(7, [named('a', 1)], 'more'))
      server.give(expired())
    }
    await assert.rejects(listObjects(server.connection, query, server), { status: 410 })
    assert.equal(server.requests.length, 12)
  })

  it('fails with whatever else the server says', async t => {
    const server = scriptedServer(t)
    server.give(list(7, [named('a', 1)], 'more'))
    server.give(new KubernetesError('forbidden', 'no', { status: 403 }))
    await assert.rejects(listObjects(server.connection, query, server), { failure: 'forbidden' })
  })
})
