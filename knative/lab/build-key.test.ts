import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type BuildInputs, buildKey } from './build-key.ts'

async function module(change: Readonly<Record<string, string>> = {}) {
  const dir = await mkdtempDisposable(join(tmpdir(), 'build-key-'))
  const files = {
    'go.mod': 'module m',
    'go.sum': 'x h1:',
    'main.go': 'package main',
    'internal/a.go': 'package a',
    ...change,
  }
  await mkdir(join(dir.path, 'internal'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir.path, name), content)
  return dir
}

async function keyOf(
  change: Readonly<Record<string, string>> = {},
  inputs: Partial<BuildInputs> = {},
): Promise<string> {
  await using dir = await module(change)
  return await buildKey({
    module: dir.path,
    package: '.',
    flags: ['-trimpath'],
    goVersion: '1.26.6',
    platform: 'linux/x64',
    ...inputs,
  })
}

describe('the name of a compiled program in the cache', () => {
  it('is the same for the same inputs, wherever the checkout lies', async () => {
    assert.equal(await keyOf(), await keyOf())
  })

  const changes: readonly [string, Parameters<typeof keyOf>][] = [
    ['a pinned version', [{ 'go.mod': 'module m // 2' }]],
    ['a checksum', [{ 'go.sum': 'y h1:' }]],
    ['its source', [{ 'main.go': 'package main // 2' }]],
    ['its source in a folder', [{ 'internal/a.go': 'package a // 2' }]],
    ['a flag', [{}, { flags: ['-trimpath', '-ldflags', '-s'] }]],
    ['the version of Go', [{}, { goVersion: '1.26.7' }]],
    ['the platform', [{}, { platform: 'linux/arm64' }]],
    ['the package', [{}, { package: './internal' }]],
  ]
  for (const [what, args] of changes) {
    it(`changes with ${what}`, async () => assert.notEqual(await keyOf(...args), await keyOf()))
  }

  it('does not change with a test', async () => {
    assert.equal(await keyOf({ 'main_test.go': 'package main' }), await keyOf())
  })

  it("does not change with the module's own source for a program from elsewhere", async () => {
    const elsewhere = { package: 'example.com/cmd' }
    assert.equal(await keyOf({ 'main.go': 'package main // 2' }, elsewhere), await keyOf({}, elsewhere))
  })

  it('is found for a module without dependencies, hence without go.sum', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'build-key-'))
    await writeFile(join(dir.path, 'go.mod'), 'module m')
    const key = await buildKey({ module: dir.path, package: '.', flags: [], goVersion: '1', platform: 'p' })
    assert.match(key, /^[0-9a-f]{20}$/)
  })
})
