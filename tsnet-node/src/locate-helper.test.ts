import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { locateHelper } from './locate-helper.ts'

suite('the helper binary', () => {
  let dir: string
  let one: string
  let other: string
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'locate-helper-'))
    one = join(dir, 'one')
    other = join(dir, 'other')
    await writeFile(one, '')
    await writeFile(other, '')
  })
  after(() => rm(dir, { recursive: true }))

  test('is the one that the option names', () => {
    assert.equal(locateHelper(one, { TSNET_NODE_HELPER: other }), one)
  })

  test('is the one that TSNET_NODE_HELPER names, without an option', () => {
    assert.equal(locateHelper(undefined, { TSNET_NODE_HELPER: other }), other)
  })

  test('is not looked for elsewhere when the named one is missing', () => {
    const env = { TSNET_NODE_HELPER: join(dir, 'none') }
    assert.throws(() => locateHelper(undefined, env), {
      code: 'ERR_TSNET_HELPER_MISSING',
      message: /none, which does not exist/,
    })
  })

  test('if it is nowhere, the error says what to do', () => {
    assert.throws(() => locateHelper(undefined, { XDG_CACHE_HOME: dir }), {
      code: 'ERR_TSNET_HELPER_MISSING',
      message: /Install the package tsnet-node-.*, or build the helper with Go .*: npx tsnet-node-build-helper/,
    })
  })
})
