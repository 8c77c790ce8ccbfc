import assert from 'node:assert/strict'
import { test } from 'node:test'
import { familyOf, splitAddress } from './address.ts'

const addresses = [
  ['100.64.0.1:80', '100.64.0.1', 80],
  ['100.64.0.1', '100.64.0.1', 0],
  ['[fd7a:115c:a1e0::2]:443', 'fd7a:115c:a1e0::2', 443],
  ['fd7a:115c:a1e0::2', 'fd7a:115c:a1e0::2', 0],
] as const

for (const [text, address, port] of addresses) {
  test(`${text} is address ${address} and port ${port}`, () => {
    assert.deepEqual(splitAddress(text), { address, port })
  })
}

test('an address tells its family', () => {
  assert.equal(familyOf('100.64.0.1'), 'IPv4')
  assert.equal(familyOf('fd7a:115c:a1e0::2'), 'IPv6')
})
