import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { overlayRoles } from './overlay-roles.ts'

const overlays = fileURLToPath(new URL('../overlays/', import.meta.url))

async function withValues(change: (values: string) => string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tka-overlay-'))
  try {
    await cp(join(overlays, 'tailscale'), directory, { recursive: true })
    const values = join(directory, 'values.yaml')
    await writeFile(values, change(await readFile(values, 'utf8')))
    return await overlayRoles(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('an overlay', () => {
  it('has the roles of its values', async () => {
    const folders = await readdir(overlays)
    assert.deepEqual(folders.sort(), ['headscale', 'tailscale'])
    for (const folder of folders) {
      const written = await readFile(join(overlays, folder, 'roles/kustomization.yaml'), 'utf8')
      assert.equal(written, await overlayRoles(join(overlays, folder)), `${folder}: run make overlay`)
    }
  })

  it('is applied in the order of the base', async () => {
    for (const folder of await readdir(overlays)) {
      const kustomization = parse(await readFile(join(overlays, folder, 'kustomization.yaml'), 'utf8'))
      assert.deepEqual(kustomization.sortOptions, { order: 'fifo' }, folder)
    }
  })

  it('limits the provisioner and the guard by its one list', async () => {
    const text = await withValues(values => values.replace('name: edit, scope', 'name: deployer, scope'))
    assert.match(text, /resourceNames\n.*value:\n\s+- admin\n\s+- deployer\n\s+- view/)
    assert.match(text, /namespacedRoles\n.*\n.*\n\s+value: '\["admin","deployer","view"\]'/)
  })

  it('has the name of its cluster in the sources of the catalogue', async () => {
    const text = await withValues(values => values.replace('cluster: kubernetes', 'cluster: blue'))
    assert.match(
      text,
      /name: dev\.tka\.session\.granted\.v1\n\s+patch: \|\n.*\n\s+path: \/spec\/source\n\s+value: \/tka\/blue\/provisioner/,
    )
    assert.doesNotMatch(text, /dev\.tka\.session\.denied\.v1/, 'two functions say it')
  })

  it('is refused with a role too strong to be offered unmarked, with values that no function would take, or other names', async () => {
    const offer = (role: string) =>
      withValues(values => values.replace('{ name: view, scope: cluster', `{ name: ${role}, scope: cluster`))
    await assert.rejects(offer('edit'), /amounts to cluster-admin/)
    await assert.rejects(
      withValues(values => `${values}\ncolour: blue`),
      /colour is not a field/,
    )
    await assert.rejects(
      withValues(values => `${values}\ninstall: blue`),
      /render\.ts/,
    )
  })
})
