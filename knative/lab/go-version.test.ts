import assert from 'node:assert/strict'
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isAtLeast, requireGo } from './go-version.ts'

describe('the version of Go', () => {
  const cases: readonly [string, boolean][] = [
    ['1.26.6', true],
    ['1.26.8', true],
    ['1.27', true],
    ['1.27rc1', true],
    ['2.0', true],
    ['1.26.10', true],
    ['1.26.5', false],
    ['1.26', false],
    ['1.9.9', false],
    ['devel', false],
  ]
  for (const [version, enough] of cases) {
    it(`${version} is ${enough ? 'new enough' : 'too old'}`, () => assert.equal(isAtLeast(version, '1.26.6'), enough))
  }

  it('is refused with both numbers when it is too old', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'go-'))
    const go = join(dir.path, 'go')
    await writeFile(go, '#!/bin/sh\necho go1.25.1\n')
    await chmod(go, 0o755)
    await assert.rejects(requireGo({ PATH: `${dir.path}:/bin` }), /needs Go 1\.26\.6 or newer.*is 1\.25\.1/)
  })

  it('is asked for in plain words when there is no Go', async () => {
    await assert.rejects(requireGo({ PATH: '/nonexistent' }), /no working `go` on the PATH/)
  })
})
