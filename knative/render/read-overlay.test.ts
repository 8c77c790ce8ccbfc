import assert from 'node:assert/strict'
import { cp, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readOverlay } from './read-overlay.ts'
import { render } from './render.ts'

const headscale = fileURLToPath(new URL('../overlays/headscale', import.meta.url))

describe('an overlay, rendered', () => {
  it('has what its files say', async () => {
    const { image, components, adminGroups, adminUsers, config } = await readOverlay(headscale)
    assert.equal(image, 'registry.example.com/tka:0.1.0')
    assert.deepEqual(components, ['headscale'])
    assert.deepEqual(adminGroups, ['system:masters', 'kubeadm:cluster-admins'])
    assert.deepEqual(adminUsers, [])
    assert.equal(config?.homeDomain, 'example.com')
  })

  it('goes under the names and into the namespaces of its values', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'tka-overlay-'))
    await cp(headscale, folder.path, { recursive: true })
    const file = join(folder.path, 'values.yaml')
    const values = await readFile(file, 'utf8')
    await writeFile(file, values.replace('# install: tka', 'install: blue').replace(/^# namespaces: .*$/m, blue))
    const { manifests } = await render({ ...(await readOverlay(folder.path)), components: [] })
    const namespaces = manifests.flatMap(({ metadata }) => metadata.namespace ?? [])
    assert.deepEqual([...new Set(namespaces)].sort(), ['blue', 'blue-system'])
    assert.doesNotMatch(JSON.stringify(manifests), /tka-system/)
  })
})

const blue = 'namespaces: { system: blue-system, sessions: blue }'
