import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeptReplies } from './kept-replies.ts'

const owner = { person: 'alice', node: 'n1', session: 's1' }
const credential = { token: 't', exp: 1 }

describe('a kept reply', () => {
  it('is given out once', () => {
    const replies = createKeptReplies()
    replies.keep(owner, credential)
    assert.equal(replies.take(owner), credential)
    assert.equal(replies.take(owner), undefined)
  })

  for (const other of [{ person: 'bob' }, { node: 'n2' }, { session: 's2' }]) {
    it(`is for one person, device and session: not for ${JSON.stringify(other)}`, () => {
      const replies = createKeptReplies()
      replies.keep(owner, credential)
      assert.equal(replies.take({ ...owner, ...other }), undefined)
      assert.equal(replies.take(owner), credential)
    })
  }

  it('is gone after a minute, and not before', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const replies = createKeptReplies()
    replies.keep(owner, credential)
    t.mock.timers.tick(59_999)
    assert.equal(replies.take(owner), credential)
    replies.keep(owner, credential)
    t.mock.timers.tick(60_000)
    assert.equal(replies.take(owner), undefined)
  })

  it('gives way to the reply of a later login from the same device', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const replies = createKeptReplies()
    replies.keep(owner, credential)
    t.mock.timers.tick(30_000)
    const later = { ...owner, session: 's2' }
    replies.keep(later, credential)
    assert.equal(replies.take(owner), undefined)
    t.mock.timers.tick(30_000)
    assert.equal(replies.take(later), credential)
  })

  it('is forgotten with its person, and with nobody else', () => {
    const replies = createKeptReplies()
    replies.keep(owner, credential)
    replies.keep({ ...owner, person: 'bob' }, credential)
    replies.forget('alice')
    assert.equal(replies.take(owner), undefined)
    assert.equal(replies.take({ ...owner, person: 'bob' }), credential)
  })
})
