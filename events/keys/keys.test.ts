import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { functionNames } from '../functions.ts'
import { type GeneratedKeys, generateKeys } from './generate-keys.ts'
import { importKeySet } from './key-set.ts'
import { importSigningKey } from './signing-key.ts'
import { writeKeys } from './write-keys.ts'

const notBefore = Date.parse('2026-11-23T10:00:00Z')
const notAfter = Date.parse('2027-11-23T10:00:00Z')
let made: GeneratedKeys

before(async () => {
  made = await generateKeys({ notBefore, notAfter })
})

describe('generated keys', () => {
  it('are one pair for each function, each with an id of its own', async () => {
    const set = await importKeySet(made.public)
    assert.deepEqual(
      made.private.map(jwk => jwk.function),
      functionNames,
    )
    for (const jwk of made.private) {
      const key = await importSigningKey(jwk)
      const found = set.find(key.kid)
      assert.equal(found?.function, key.function)
      assert.deepEqual([found?.notBefore, found?.notAfter], [notBefore, notAfter])
      assert.ok(found?.verify(Buffer.from('text'), key.sign(Buffer.from('text'))))
      assert.ok(!found?.verify(Buffer.from('other'), key.sign(Buffer.from('text'))))
    }
  })

  it('have no private part in the public set', () => {
    assert.ok(made.public.keys.every(jwk => !('d' in jwk)))
    assert.ok(made.private.every(({ d }) => !JSON.stringify(made.public).includes(d)))
  })
})

describe('a key set', () => {
  it('is refused whole when one entry is wrong', async () => {
    const [first, ...rest] = made.public.keys
    assert.ok(first)
    for (const wrong of [
      { ...first, d: made.private[0]?.d },
      { ...first, function: 'audit' },
      { ...first, crv: 'X25519' },
      { ...first, kty: 'oct' },
      { ...first, notAfter: 'never' },
      { ...first, kid: '' },
      { ...first, kid: rest[0]?.kid },
    ]) {
      await assert.rejects(importKeySet({ keys: [wrong, ...rest] }), TypeError, JSON.stringify(Object.keys(wrong)))
    }
    await assert.rejects(importKeySet({}), TypeError)
  })
})

describe('a signing key', () => {
  it('is refused when it is broken, without a word of its private part', async () => {
    const [first, second] = made.private
    assert.ok(first && second)
    for (const wrong of [
      { ...first, x: second.x },
      { ...first, d: `${first.d.slice(0, 20)}!${first.d.slice(21)}` },
      { ...first, d: undefined },
      { ...first, function: 'audit' },
      { ...first, alg: 'none' },
      { ...first, kty: 'RSA' },
    ]) {
      await assert.rejects(importSigningKey(wrong), (error: Error) => {
        assert.match(error.message, /^signing key: /)
        return !error.message.includes(first.d.slice(0, 10)) && error.cause === undefined
      })
    }
  })

  it('does not show its private part when it is logged', async () => {
    const [first] = made.private
    assert.ok(first)
    assert.ok(!JSON.stringify(await importSigningKey(first)).includes(first.d))
  })
})

describe('keys on disk', () => {
  it('are private to their owner, and are never overwritten', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'tka-keys-'))
    try {
      const dir = join(parent, 'keys')
      const paths = await writeKeys(dir, made)
      assert.deepEqual(paths, [join(dir, 'jwks.json'), ...functionNames.map(name => join(dir, `${name}.jwk.json`))])
      assert.equal((await stat(join(dir, 'login.jwk.json'))).mode & 0o777, 0o600)
      await importSigningKey(JSON.parse(await readFile(join(dir, 'login.jwk.json'), 'utf8')))
      await rm(join(dir, 'jwks.json'))
      await assert.rejects(writeKeys(dir, await generateKeys({ notBefore, notAfter })), /never overwritten/)
      await assert.rejects(stat(join(dir, 'jwks.json')), { code: 'ENOENT' })
    } finally {
      await rm(parent, { recursive: true })
    }
  })
})
