import assert from 'node:assert/strict'
import { cp, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { readOverlay } from './read-overlay.ts'
import { type InstallDescription, render } from './render.ts'

const knative = fileURLToPath(new URL('../', import.meta.url))
const headscale = join(knative, 'overlays/headscale')

/** What a copy of the overlay says, with other files. Without components and patches, it needs no kubectl to be rendered. */
async function read(files: Readonly<Record<string, (text: string) => string>>): Promise<InstallDescription> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tka-overlay-'))
  await symlink(join(knative, 'components'), join(folder.path, 'components'))
  const overlay = join(folder.path, 'overlays', 'mine')
  await cp(headscale, overlay, { recursive: true })
  for (const [name, change] of Object.entries(files))
    await writeFile(join(overlay, name), change(await readFile(join(overlay, name), 'utf8').catch(() => '')))
  return { ...(await readOverlay(overlay)), components: [] }
}

const kustomized = (change: object) => ({
  'kustomization.yaml': (text: string) => stringify({ ...parse(text), ...change }),
})

describe('an overlay, rendered', () => {
  it('has what its files say', async () => {
    const { image, components, adminGroups, adminUsers, files } = await readOverlay(headscale)
    assert.equal(image, 'registry.example.com/tka:0.1.0')
    assert.deepEqual(components, ['headscale'])
    assert.deepEqual(adminGroups, ['system:masters', 'kubeadm:cluster-admins'])
    assert.deepEqual(adminUsers, [])
    assert.deepEqual(Object.keys(files ?? {}).sort(), ['headscale.yaml', 'values.yaml'])
    const { config } = await render({ files: files ?? {} })
    assert.equal(config.homeDomain, 'example.com')
  })

  it('goes under the names and into the namespaces of its values', async () => {
    const description = await read({
      'values.yaml': text => text.replace('# install: tka', 'install: blue').replace(/^# namespaces: .*$/m, blue),
    })
    const { manifests } = await render(description)
    const namespaces = manifests.flatMap(({ metadata }) => metadata.namespace ?? [])
    assert.deepEqual([...new Set(namespaces)].sort(), ['blue', 'blue-system'])
    assert.doesNotMatch(JSON.stringify(manifests), /tka-system/)
  })

  it('has the last word of whichever of its files comes last', async () => {
    const configMapGenerator = [{ name: 'tka-config', behavior: 'merge', files: ['values.yaml', 'zz.yaml'] }]
    const { config } = await render(
      await read({ ...kustomized({ configMapGenerator }), 'zz.yaml': () => 'maxSession: 1h' }),
    )
    assert.equal(config.maxSessionSeconds, 3600)
    assert.equal(config.homeDomain, 'example.com')
  })

  it('changes nothing by a key that is left empty', async () => {
    const said = await render(await read({}))
    assert.deepEqual(
      (await render(await read({ 'values.yaml': text => `${text}\nlogin:\nmaxSession:\n` }))).config,
      said.config,
    )
  })

  const digest = `sha256:${'5'.repeat(64)}`
  for (const [image, expected] of [
    [{ newName: 'r.example/tka', digest }, `r.example/tka@${digest}`],
    [{ newName: 'r.example/tka', newTag: '7', digest }, `r.example/tka:7@${digest}`],
    [{ newTag: '7' }, 'tka:7'],
    [{ newName: 'r.example/tka' }, 'r.example/tka'],
  ] as const)
    it(`takes its image as ${expected}`, async () => {
      assert.equal((await read(kustomized({ images: [{ name: 'tka', ...image }] }))).image, expected)
    })

  it('takes its patches along, those in files too', async () => {
    const patch = '- { op: add, path: /metadata/labels/team, value: blue }\n'
    const target = { kind: 'Role', name: 'login' }
    const patches = [
      { target, patch },
      { target, path: 'team.yaml' },
    ]
    const description = await read({ ...kustomized({ patches }), 'team.yaml': () => patch })
    assert.deepEqual(description.patches, [
      { target, patch },
      { target, patch },
    ])
  })

  for (const [what, change] of [
    ['namePrefix', { namePrefix: 'blue-' }],
    ['resources.1', { resources: ['../../base', 'more.yaml'] }],
    ['components.0', { components: ['../mine', 'roles'] }],
    ['images.0.name', { images: [{ name: 'event-display', newTag: '7' }] }],
    ['configMapGenerator.0.name', { configMapGenerator: [{ name: 'other', files: [] }] }],
  ] as const)
    it(`is refused for ${what}, which would be lost`, async () => {
      await assert.rejects(
        read(kustomized(change)),
        new RegExp(`overlays/mine/kustomization.yaml: .* cannot take over ${what}: `),
      )
    })
})

const blue = 'namespaces: { system: blue-system, sessions: blue }'
