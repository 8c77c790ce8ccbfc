import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseAddresses } from './addresses.ts'

describe('the addresses of a cluster', () => {
  it('are the usual ones where nothing else has them', () => {
    assert.deepEqual(chooseAddresses(['192.0.2.0/24', '127.0.0.0/8']), {
      block: '10.96.0.0/14',
      services: '10.96.0.0/16',
      dns: '10.96.0.10',
      pods: '10.97.0.0/16',
      host: '10.98.0.1',
      node: '10.98.0.2',
    })
  })

  const cases: readonly (readonly [string, string, string])[] = [
    ['one address', '10.99.255.255', '10.100.0.0/14'],
    ['one range', '10.96.0.0/12', '10.112.0.0/14'],
    ['the upper half', '10.64.0.0/10', '10.128.0.0/14'],
    ['a neighbour', '10.100.0.0/14', '10.96.0.0/14'],
  ]
  for (const [what, route, block] of cases) {
    it(`keep clear of ${what} in use: ${route}`, () => assert.equal(chooseAddresses([route]).block, block))
  }

  it('begin again at 10.0.0.0 when the upper ones are in use', () => {
    assert.equal(chooseAddresses(['10.96.0.0/11', '10.128.0.0/9']).block, '10.0.0.0/14')
  })

  it('are refused when there are none', () => {
    assert.throws(() => chooseAddresses(['10.0.0.0/8']), /needs a free \/14 of 10\.0\.0\.0\/8/)
  })
})
