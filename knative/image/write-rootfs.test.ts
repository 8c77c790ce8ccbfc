import assert from 'node:assert/strict'
import { mkdtempDisposable, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { writeRootfs } from './write-rootfs.ts'

describe('the files of an image in a folder', () => {
  it('are what the layers say, one over the other', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'rootfs-'))
    const [root, source] = [join(dir.path, 'root'), join(dir.path, 'source')]
    await writeFile(source, 'from a file', { mode: 0o600 })
    await writeRootfs(root, [
      [
        { path: '/tmp', mode: 0o1777 },
        { path: '/etc/a', source: Buffer.from('covered'), mode: 0o644 },
      ],
      [
        { path: '/etc/a', source, mode: 0o755 },
        { path: '/etc/b', target: 'a' },
      ],
    ])
    const modeOf = async (path: string) => (await stat(join(root, path))).mode & 0o7777
    assert.equal(await modeOf('tmp'), 0o1777)
    assert.equal(await modeOf('etc/a'), 0o755)
    assert.equal(await readFile(join(root, 'etc/b'), 'utf8'), 'from a file')
    assert.equal(await readlink(join(root, 'etc/b')), 'a')
  })

  it('are not mixed with others', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'rootfs-'))
    await assert.rejects(writeRootfs(dir.path, []), /EEXIST/)
  })
})
