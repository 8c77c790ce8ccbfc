import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { CompactEncrypt, decodeProtectedHeader, importJWK } from 'jose'
import { createSealingKey, type SealingKey, seal } from './sealing.ts'

const credential = { token: 'a.secret.token', exp: 1_795_428_000 }
const binding = { request: 'request-1', serviceAccount: 'tka-user-alice', session: 'session-1' }
const broken = { name: 'SealBroken' }
let key: SealingKey

before(async () => {
  key = await createSealingKey()
})

describe('a sealed token', () => {
  it('opens with the key that it was sealed to, for what it was sealed for', async () => {
    assert.deepEqual(await key.open(await seal(credential, key.publicJwk, binding), binding), credential)
  })

  it('uses ECDH-ES to X25519 with A256GCM and shows the token to nobody', async () => {
    const sealed = await seal(credential, key.publicJwk, binding)
    const { alg, enc, epk } = decodeProtectedHeader(sealed)
    assert.deepEqual([alg, enc], ['ECDH-ES', 'A256GCM'])
    assert.match(JSON.stringify(epk), /"crv":"X25519"/)
    assert.ok(!Buffer.from(sealed, 'base64').includes('secret'))
    assert.ok(sealed.split('.').every(part => !Buffer.from(part, 'base64url').includes('secret')))
  })

  it('is another text each time', async () => {
    assert.notEqual(await seal(credential, key.publicJwk, binding), await seal(credential, key.publicJwk, binding))
  })

  it('does not open with another key', async () => {
    const other = await createSealingKey()
    await assert.rejects(other.open(await seal(credential, key.publicJwk, binding), binding), broken)
  })

  it('does not open for another request, person or session', async () => {
    const sealed = await seal(credential, key.publicJwk, binding)
    for (const field of ['request', 'serviceAccount', 'session']) {
      await assert.rejects(key.open(sealed, { ...binding, [field]: 'another' }), broken, field)
    }
  })

  it('does not open when a character of it is altered, and the error does not tell the token', async () => {
    const sealed = await seal(credential, key.publicJwk, binding)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sealed.length - 1),
        fc.constantFrom('A', 'Q', 'x', '9', '-', '.'),
        async (at, character) => {
          const altered = sealed.slice(0, at) + character + sealed.slice(at + 1)
          // The last character of a part may hold bits that mean nothing.
          fc.pre(altered !== sealed && !sameBytes(altered, sealed))
          await assert.rejects(
            key.open(altered, binding),
            (error: Error) => error.name === 'SealBroken' && !/secret/.test(String(error)),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  it('does not open when it was sealed by another algorithm', async () => {
    const recipient = await importJWK({ ...key.publicJwk }, 'ECDH-ES')
    for (const header of [
      { alg: 'ECDH-ES', enc: 'A128GCM' },
      { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' },
    ]) {
      const sealed = await new CompactEncrypt(Buffer.from(JSON.stringify(credential)))
        .setProtectedHeader({ ...header, ...binding })
        .encrypt(recipient)
      await assert.rejects(key.open(sealed, binding), broken, header.alg)
    }
  })

  it('is not made for a key that gives everybody the same secret', async () => {
    const lowOrder = { ...key.publicJwk, x: 'A'.repeat(43) }
    await assert.rejects(seal(credential, lowOrder, binding))
  })
})

describe('a sealing key', () => {
  it('shows its public half only', async () => {
    assert.deepEqual(Object.keys(key.publicJwk).sort(), ['crv', 'kty', 'x'])
    assert.ok(!JSON.stringify(key).includes('"d"'))
  })

  it('is a new one each time', async () => {
    assert.notEqual((await createSealingKey()).publicJwk.x, key.publicJwk.x)
  })
})

function sameBytes(a: string, b: string): boolean {
  const bytes = (text: string) =>
    text
      .split('.')
      .map(part => Buffer.from(part, 'base64url').toString('hex'))
      .join('.')
  return bytes(a) === bytes(b)
}
