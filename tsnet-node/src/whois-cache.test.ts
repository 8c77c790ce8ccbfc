import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { TailscaleError } from './errors.ts'
import type { PeerIdentity } from './identity.ts'
import { createWhoIsCache } from './whois-cache.ts'

interface Question {
  readonly address: string
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

function setUp() {
  const questions: Question[] = []
  let time = 1_000_000
  const cache = createWhoIsCache({
    now: () => time,
    ask: address => {
      const { promise, resolve, reject } = Promise.withResolvers<PeerIdentity>()
      const at = time
      questions.push({ address, answer: () => resolve(identity(address, at)), fail: reject })
      return promise
    },
  })
  const answerLast = () => questions.at(-1)?.answer()
  const pass = (ms: number) => {
    time += ms
  }
  return { cache, questions, answerLast, pass, now: () => time }
}

function identity(address: string, at: number): PeerIdentity {
  const node = { id: `node-of-${address}`, name: 'x', tags: [] }
  return {
    kind: 'user',
    user: { id: 1, login: 'a@b', displayName: 'A' },
    node,
    capMap: {},
    remoteAddress: address,
    remotePort: 0,
    at,
  }
}

suite('WhoIs', () => {
  test('is asked once for concurrent questions about one peer', async () => {
    const { cache, questions, answerLast } = setUp()
    const all = Promise.all(Array.from({ length: 50 }, () => cache.get('100.64.0.1')))
    answerLast()
    assert.equal(new Set(await all).size, 1)
    assert.equal(questions.length, 1)
  })

  test('is asked again when the clock was set back', async () => {
    const { cache, questions, answerLast, pass } = setUp()
    const first = cache.get('100.64.0.1', { maxAgeMs: 1_000 })
    answerLast()
    await first
    pass(-600_000)
    void cache.get('100.64.0.1', { maxAgeMs: 1_000 })
    assert.equal(questions.length, 2)
  })

  test('is asked apart for different peers', async () => {
    const { cache, questions } = setUp()
    const both = Promise.all([cache.get('100.64.0.1'), cache.get('100.64.0.2')])
    for (const question of questions) question.answer()
    assert.deepEqual(
      (await both).map(({ node }) => node.id),
      ['node-of-100.64.0.1', 'node-of-100.64.0.2'],
    )
  })

  test('is asked again when a caller wants it new', async () => {
    const { cache, questions, answerLast } = setUp()
    for (const _ of [1, 2]) {
      const got = cache.get('100.64.0.1')
      answerLast()
      await got
    }
    assert.equal(questions.length, 2)
  })

  test('is answered from what is known for at most maxAgeMs, counted from the question', async () => {
    const { cache, questions, answerLast, pass } = setUp()
    const slow = cache.get('100.64.0.1')
    pass(900)
    answerLast()
    await slow
    pass(1_100)
    await cache.get('100.64.0.1', { maxAgeMs: 2_000 })
    assert.equal(questions.length, 1)
    pass(1)
    void cache.get('100.64.0.1', { maxAgeMs: 2_000 })
    assert.equal(questions.length, 2)
  })

  test('does not wait behind a question that hangs', () => {
    const { cache, questions, pass } = setUp()
    void cache.get('100.64.0.1')
    pass(1_001)
    void cache.get('100.64.0.1')
    assert.equal(questions.length, 2)
  })

  test('takes in what a connection was accepted with, unless it knows newer', async () => {
    const { cache, questions, now } = setUp()
    cache.put(identity('100.64.0.1', now() - 100))
    cache.put(identity('100.64.0.1', now() - 5_000))
    assert.equal((await cache.get('100.64.0.1', { maxAgeMs: 2_000 })).at, now() - 100)
    assert.equal(questions.length, 0)
  })

  test('shares a failure but does not keep it', async () => {
    const { cache, questions } = setUp()
    const both = [cache.get('100.64.0.1'), cache.get('100.64.0.1')]
    questions[0]?.fail(new TailscaleError('ERR_TSNET_PEER_NOT_FOUND', 'nobody'))
    for (const one of both) await assert.rejects(one, { code: 'ERR_TSNET_PEER_NOT_FOUND' })
    const again = cache.get('100.64.0.1', { maxAgeMs: 60_000 })
    questions[1]?.answer()
    assert.equal((await again).node.id, 'node-of-100.64.0.1')
  })

  test('lets one caller go without failing the others', async () => {
    const { cache, answerLast } = setUp()
    const impatient = new AbortController()
    const first = cache.get('100.64.0.1', { signal: impatient.signal })
    const second = cache.get('100.64.0.1')
    impatient.abort(new Error('enough'))
    await assert.rejects(first, { message: 'enough' })
    answerLast()
    assert.equal((await second).node.id, 'node-of-100.64.0.1')
  })
})
