import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWaiters, defaultLimits } from './waiters.ts'
import type { LoginWish, LogoutWish } from './wish.ts'

const logout = (request: string, person = 'alice'): LogoutWish => ({ kind: 'logout', request, person, sequence: '1' })
const login = (request: string, person = 'alice'): LoginWish => ({
  ...{ kind: 'login', request, person, userId: '7', sequence: '1', role: 'view', validUntil: 0 },
  open: () => Promise.reject(new Error('sealed')),
})

describe('those who wait', () => {
  it('are at most 4 of one person and 500 in all, of a kind', () => {
    assert.deepEqual(defaultLimits, { perPerson: 4, total: 500 })
    const waiters = createWaiters()
    for (let i = 0; i < 4; i += 1) waiters.open(logout(`a${i}`))
    assert.throws(() => waiters.open(logout('a4')), /too-many-requests/)
    for (let i = 0; i < 496; i += 1) waiters.open(logout(`b${i}`, `person-${i}`))
    assert.throws(() => waiters.open(logout('c', 'newcomer')), /too-many-requests/)
  })

  it('for logins never keep a person from logging out', () => {
    const waiters = createWaiters()
    for (let i = 0; i < 4; i += 1) waiters.open(login(`a${i}`))
    assert.throws(() => waiters.open(login('a4')), /too-many-requests/)
    for (let i = 0; i < 4; i += 1) waiters.open(logout(`l${i}`))
    assert.throws(() => waiters.open(logout('l4')), /too-many-requests/)
  })

  it('for logins never keep anybody else from logging out', () => {
    const waiters = createWaiters()
    for (let i = 0; i < 500; i += 1) waiters.open(login(`a${i}`, `person-${i}`))
    assert.throws(() => waiters.open(login('b', 'newcomer')), /too-many-requests/)
    waiters.open(logout('l', 'newcomer'))
  })

  it('make room when they leave, answered or not', () => {
    const waiters = createWaiters({ perPerson: 1, total: 1 })
    for (let i = 0; i < 3; i += 1) {
      using waiter = waiters.open(logout(`a${i}`))
      assert.equal(waiters.find(`a${i}`), waiter)
    }
    assert.equal(waiters.size, 0)
    assert.equal(waiters.find('a0'), undefined)
  })

  it('are answered once', async () => {
    const waiter = createWaiters().open(logout('a'))
    assert.ok(waiter.settle({ kind: 'ended' }))
    assert.ok(!waiter.settle({ kind: 'denied', code: 'unavailable' }))
    assert.deepEqual(await waiter.answer, { kind: 'ended' })
  })

  it('for a session are known by person, the latest first, until they leave', () => {
    const waiters = createWaiters()
    waiters.open(login('a1'))
    waiters.open(logout('a2'))
    {
      using last = waiters.open(login('a3'))
      last.settle({ kind: 'denied', code: 'superseded' })
      assert.equal(waiters.pendingLogin('alice')?.request, 'a3', 'it still waits for the later login')
    }
    assert.equal(waiters.pendingLogin('alice')?.request, 'a1')
    assert.equal(waiters.pendingLogin('bob'), undefined)
  })
})
