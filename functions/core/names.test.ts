import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isDnsLabel } from './kubernetes-names.ts'
import { personalPart, serviceAccountName } from './names.ts'

const home = { install: 'tka', homeDomain: 'example.com' }
const name = (login: string, userId = '1', options: Parameters<typeof serviceAccountName>[1] = home) =>
  serviceAccountName({ login, userId }, options)

describe("a person's name", () => {
  it('is the login without its domain where nothing is lost by that', () => {
    assert.equal(name('alice@example.com'), 'tka-user-alice')
    assert.equal(name('alice-b2@example.com'), 'tka-user-alice-b2')
  })

  const hashed = [
    'alice@elsewhere.example',
    'Alice@example.com',
    'a.lice@example.com',
    'alice_@example.com',
    '-alice@example.com',
    'alice@example.com.evil.example',
    'alice@evil.example@example.com',
    'alice',
    '@example.com',
    'алиса@example.com',
    'a'.repeat(60).concat('@example.com'),
  ]
  for (const login of hashed) {
    it(`carries a hash for ${login.slice(0, 40)}`, () =>
      assert.match(name(login), /^tka-user-[a-z0-9-]+-[a-z2-7]{10}$/))
  }

  it('carries a hash for everybody where there is no home domain', () => {
    assert.match(name('alice@example.com', '1', { install: 'tka' }), /^tka-user-alice-[a-z2-7]{10}$/)
  })

  it('carries a hash where the login itself looks like a name with one', () => {
    const other = name('alice@elsewhere.example')
    const imitation = other.replace('tka-user-', '').concat('@example.com')
    assert.notEqual(name(imitation), other)
    assert.match(name(imitation), /-[a-z2-7]{10}-[a-z2-7]{10}$/)
  })

  it('stays what it was in every release', () => {
    assert.equal(name('alice@elsewhere.example', '42'), 'tka-user-alice-j5rtiqmici')
  })

  it('differs for two people with one local part, and for one login with two user ids outside the home domain', () => {
    assert.notEqual(name('alice@a.example'), name('alice@b.example'))
    assert.notEqual(name('alice@a.example', '1'), name('alice@a.example', '2'))
  })

  const slug = fc.stringMatching(/^[a-z0-9-]{1,30}$/)
  const login = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.tuple(slug, fc.constantFrom('example.com', 'elsewhere.example', 'example.com.')).map(([s, d]) => `${s}@${d}`),
    fc.stringMatching(/^[a-z]{1,3}-[a-z2-7]{10}$/).map(s => `${s}@example.com`),
  )
  const person = fc.record({ login, userId: fc.stringMatching(/^[1-9]\d{0,15}$/) })

  it('is a DNS label with the prefix of the install, whatever the login', () => {
    const install = fc.constantFrom('tka', 'a', 'a'.repeat(20))
    fc.assert(
      fc.property(person, install, (someone, prefix) => {
        const made = serviceAccountName(someone, { ...home, install: prefix })
        return isDnsLabel(made) && made === `${prefix}-user-${personalPart(made, prefix)}`
      }),
      { numRuns: 1_000 },
    )
  })

  it('is different for different logins', () => {
    fc.assert(
      fc.property(person, person, (one, other) => {
        fc.pre(one.login !== other.login)
        return serviceAccountName(one, home) !== serviceAccountName(other, home)
      }),
      { numRuns: 2_000 },
    )
  })
})
