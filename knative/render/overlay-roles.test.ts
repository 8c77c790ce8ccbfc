import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { annotatedConfig } from './config-annotation.ts'
import { configData } from './config-data.ts'
import { configHash } from './config-hash.ts'
import { overlayRoles } from './overlay-roles.ts'
import { readBase } from './read-base.ts'
import { readOverlay } from './read-overlay.ts'
import { render } from './render.ts'

const overlays = fileURLToPath(new URL('../overlays/', import.meta.url))

const hashesOf = (text: string) =>
  [...text.matchAll(/path: \/spec\/template\/metadata\/annotations\/tka\.dev~1config\n\s+value: (\w+)/g)].map(
    ([, hash]) => hash,
  )

const withValues = (change: (values: string) => string) => withFile('values.yaml', change)

async function withFile(name: string, change: (text: string) => string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tka-overlay-'))
  try {
    await cp(join(overlays, 'tailscale'), directory, { recursive: true })
    const file = join(directory, name)
    await writeFile(file, change(await readFile(file, 'utf8')))
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

  it('lets functions begin anew when its values say something else, and only then', async () => {
    const shipped = hashesOf(await withValues(values => values))
    assert.equal(shipped.length, 2, 'Knative Services, and Deployments')
    const { manifests } = await render(await readOverlay(join(overlays, 'tailscale')))
    const provisioner = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'provisioner')
    assert.deepEqual(new Set(shipped), new Set([annotatedConfig(provisioner)]), 'as the renderer says')

    assert.deepEqual(hashesOf(await withValues(values => `# Ours.\n${values}`)), shipped)
    const narrowed = hashesOf(await withValues(values => values.replace('maxPeriod: 24h', 'maxPeriod: 12h')))
    assert.equal(new Set([...shipped, ...narrowed]).size, 2)
  })

  it('counts what its components add to the configuration', async () => {
    const [hash] = hashesOf(await overlayRoles(join(overlays, 'headscale')))
    const { 'config.yaml': config } = configData(await readBase())
    const read = (path: string) => readFile(join(overlays, path), 'utf8')
    const files = {
      'config.yaml': config,
      'headscale.yaml': await read('../components/headscale/headscale.yaml'),
      'values.yaml': await read('headscale/values.yaml'),
    }
    assert.equal(hash, configHash(files))
  })

  const generator = { name: 'tka-config', behavior: 'merge', files: ['values.yaml'] }
  for (const [way, change] of [
    ['literals', { configMapGenerator: [{ ...generator, literals: ['more.yaml=maxSession: 8h'] }] }],
    ['envs', { configMapGenerator: [generator, { ...generator, envs: ['values.env'] }] }],
    ['behavior: replace', { configMapGenerator: [{ ...generator, behavior: 'replace' }] }],
    ['patches', { patches: [{ target: { name: 'tka-config' }, patch: 'data: { more.yaml: "maxSession: 8h" }' }] }],
  ] as const)
    it(`is refused where it says of its configuration by ${way} what is not read here`, async () => {
      const written = withFile('kustomization.yaml', text => stringify({ ...parse(text), ...change }))
      await assert.rejects(
        written,
        new RegExp(`tka-overlay-\\w+/kustomization.yaml: .* not by ${way}: write it into a \\*.yaml file`),
      )
    })

  it('is refused with what this version does not know in guard.yaml, by name', async () => {
    await assert.rejects(
      withFile('guard.yaml', text => `${text}\nreaders: [alice]\n`),
      /guard\.yaml: .*"readers"/,
    )
  })

  it('is refused where the Deployments of `plain` would come too late to be told', async () => {
    const withComponents = (...components: readonly string[]) =>
      withFile('kustomization.yaml', text => stringify({ ...parse(text), components }))
    await assert.rejects(withComponents('roles', '../../components/plain'), /list `roles` after the component plain/)
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
