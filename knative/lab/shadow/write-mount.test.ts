import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { writeMount } from './write-mount.ts'

const files = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([path, text]) => [path, Buffer.from(text)]))

describe('writeMount', () => {
  let parent: string
  let mount: string

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'mount-'))
    mount = join(parent, 'mount')
  })
  afterEach(() => rm(parent, { recursive: true, force: true }))

  const visible = async () => (await readdir(mount)).filter(name => !name.startsWith('..')).sort()
  const read = (path: string) => readFile(join(mount, path), 'utf8')

  it('writes files for their owner alone', async () => {
    await writeMount(mount, files({ token: 'secret', 'deep/er': 'x' }))
    assert.equal(await read('token'), 'secret')
    assert.equal(await read('deep/er'), 'x')
    assert.equal((await stat(mount)).mode & 0o777, 0o700)
    assert.equal((await stat(join(mount, 'token'))).mode & 0o777, 0o600)
  })

  it('replaces what was there: changed, new and gone', async () => {
    await writeMount(mount, files({ same: '1', changed: '1', gone: '1' }))
    await writeMount(mount, files({ same: '1', changed: '2', fresh: '2' }))
    assert.deepEqual(await visible(), ['changed', 'fresh', 'same'])
    assert.equal(await read('changed'), '2')
  })

  it('leaves no old version behind', async () => {
    for (const value of ['1', '2', '3']) await writeMount(mount, files({ a: value }))
    const hidden = (await readdir(mount)).filter(name => name.startsWith('..'))
    assert.equal(hidden.length, 2, hidden.join(', '))
  })

  it('can be empty', async () => {
    await writeMount(mount, files({}))
    assert.deepEqual(await visible(), [])
  })
})
