import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual, promisify } from 'node:util'
import * as v from 'valibot'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { parseConfig } from '#core/config'
import { functionNames } from '#events/functions'
import { likeRepository } from '../cluster/own-overlay.ts'
import { diagnose } from '../doctor/diagnose.ts'
import { examine } from '../doctor/examine.ts'
import { reportAvailable } from '../doctor/testing/report-available.ts'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll, deleteAll, pathOf } from '../kube/apply.ts'
import { startLab } from '../lab/index.ts'
import { installTka } from '../lab/install.ts'
import { becomesReady } from '../lab/install-ready.ts'
import type { Lab } from '../lab/lab.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { configData } from '../render/config-data.ts'
import { Manifest, describe as nameOf } from '../render/manifest.ts'
import { mergeFiles } from '../render/merge-files.ts'
import { overlayRoles } from '../render/overlay-roles.ts'
import { componentNames } from '../render/read-components.ts'
import { readOverlay } from '../render/read-overlay.ts'
import { render } from '../render/render.ts'

const all = await componentNames()
const name = `c${randomInt(36 ** 5).toString(36)}`
const config = { install: name, namespaces: { system: `${name}-system`, sessions: name } }

describe('the components', () => {
  const stack = new AsyncDisposableStack()
  let lab: Lab
  let api: Api
  let base: readonly Manifest[]

  before(async () => {
    lab = stack.use(await startLab())
    api = stack.use(await openApi(lab.kubeconfig))
    base = (await render({ config })).manifests
    stack.defer(() => deleteAll(api, base))
    await applyAll(api, base)
  })
  after(() => stack.disposeAsync())

  const build = async (components: readonly string[]) =>
    (await render({ config, components, kubectl: lab.kubectl })).manifests

  const tryApply = (manifest: Manifest) =>
    api.call('PATCH', pathOf(manifest), {
      query: { fieldManager: 'tka-components', force: 'true', dryRun: 'All', fieldValidation: 'Strict' },
      contentType: 'application/apply-patch+yaml',
      body: manifest,
    })

  it('build in every combination, and the API server and its webhooks take whatever comes out', async () => {
    const distinct: Manifest[] = []
    for (let set = 0; set < 2 ** all.length; set++) {
      const chosen = all.filter((_, at) => (set >> at) % 2 === 1)
      const manifests = await build(chosen)
      const names = manifests.map(
        ({ apiVersion, ...manifest }) => `${apiVersion} ${nameOf({ apiVersion, ...manifest })}`,
      )
      assert.equal(new Set(names).size, names.length, `${chosen}: an object twice`)
      for (const manifest of manifests)
        if (!distinct.some(other => isDeepStrictEqual(other, manifest))) distinct.push(manifest)
    }
    assert.ok(distinct.length > base.length)
    for (const manifest of distinct) {
      if (manifest.kind === 'EventPolicy') {
        // Only where sender authentication is on; that this is all, the definitions' schema has said before.
        await assert.rejects(tryApply(manifest), /oidc-authentication feature not enabled/, nameOf(manifest))
      } else await assert.doesNotReject(tryApply(manifest), nameOf(manifest))
    }
  })

  it('leave no trace of the default names in an install of another', async () => {
    for (const manifest of await build(all))
      assert.doesNotMatch(JSON.stringify(manifest), /tka-system|"namespace":"tka"/, nameOf(manifest))
  })

  it('without Serving, leave nothing of it', async () => {
    const kinds = (await build(['plain'])).map(({ apiVersion }) => apiVersion)
    assert.ok(kinds.every(apiVersion => !apiVersion.startsWith('serving.knative.dev/')))
    const mentions = (await build(['plain'])).filter(manifest =>
      JSON.stringify(manifest.spec)?.includes('serving.knative.dev/v1'),
    )
    assert.deepEqual(mentions.map(nameOf), [])
  })

  it('leave the last word to the description', async () => {
    const tailnet = { controlUrl: 'https://headscale.example.com' }
    const rendered = await render({ config: { tailnet }, components: ['headscale'], kubectl: lab.kubectl })
    const { controlUrl, https } = parseConfig(mergeFiles(configData(rendered.manifests))).tailnet
    assert.deepEqual({ controlUrl, https }, { ...tailnet, https: false })
    assert.equal(rendered.config.tailnet.controlUrl, controlUrl)
  })

  it('come to the same in an overlay, whichever of kustomize and the renderer builds it', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'tka-overlay-'))
    await likeRepository(folder.path)
    const overlay = join(folder.path, 'knative/overlays/headscale')
    const file = join(overlay, 'kustomization.yaml')
    const { configMapGenerator, components, ...shipped } = parse(await readFile(file, 'utf8'))
    const kustomization = {
      ...shipped,
      components: ['plain', 'monitoring'].map(name => `../../components/${name}`).concat(components),
      images: [{ name: 'tka', newName: 'registry.example.com/tka', digest: `sha256:${'5'.repeat(64)}` }],
      configMapGenerator: configMapGenerator.map((generator: object) => ({
        ...generator,
        files: ['values.yaml', 'zz.yaml'],
      })),
      // As the doctor tells to.
      patches: [
        {
          target: { kind: 'NetworkPolicy', name: 'names-and-broker' },
          patch: stringify([{ op: 'add', path: '/spec/egress/0/ports/-', value: { protocol: 'UDP', port: 5353 } }]),
        },
      ],
    }
    await writeFile(file, stringify(kustomization))
    await writeFile(
      join(overlay, 'zz.yaml'),
      'login:\nroles: [{ name: view, scope: namespaced, maxPeriod: 1h }]\nmaxSession: 1h',
    )
    await writeFile(join(overlay, 'roles/kustomization.yaml'), await overlayRoles(overlay))
    const { stdout } = await promisify(execFile)(lab.kubectl, ['kustomize', overlay], { maxBuffer: 16 << 20 })
    const built = parseAllDocuments(stdout).map(document => v.parse(Manifest, document.toJS()))
    const { manifests } = await render({ ...(await readOverlay(overlay)), kubectl: lab.kubectl })
    // In how many files the configuration is said, makes no difference.
    const merged = (all: readonly Manifest[]) => {
      const said = mergeFiles(configData(all))
      return all
        .map(manifest =>
          nameOf(manifest) === 'ConfigMap tka-config in tka-system' ? { ...manifest, data: said } : manifest,
        )
        .toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)))
    }
    assert.match(JSON.stringify(manifests), /"port":5353/)
    assert.deepEqual(merged(manifests), merged(built))
  })

  const chosen = ['debug', 'headscale', 'plain', 'ping']

  it('make what is Ready without a pod', async () => {
    const manifests = await build(chosen)
    await applyAll(api, manifests)
    stack.defer(() => deleteAll(api, manifests))
    const bound = manifests.filter(({ kind }) => kind === 'Trigger' || kind === 'SinkBinding' || kind === 'Broker')
    assert.equal(bound.length, 1 + 5 + 5)
    await Promise.all(bound.map(manifest => becomesReady(api, manifest, AbortSignal.timeout(60_000))))
  })

  it('are known to the doctor, who finds what is missing and nothing else', async () => {
    const system = config.namespaces.system
    const ask = async () => {
      const examined = await examine(api, { install: name, system, kubectl: lab.kubectl })
      const failures = (await diagnose(examined)).filter(({ finding }) => finding.severity === 'failure')
      // Nobody has made keys, or given one.
      const found = failures
        .filter(({ check }) => !['keys', 'auth key'].includes(check))
        .map(({ finding }) => finding.says)
      return { components: examined.components, found }
    }
    const deployments = [...functionNames, 'event-display'].map(name => `Deployment ${name} in ${system}`)
    const noPods = deployments.map(deployment => `${deployment} has no pod that is ready: it says nothing`)
    const { components, found } = await ask()
    assert.deepEqual(components, ['debug', 'ping', 'plain'])
    const noTick = `PingSource tick in ${system} is not Ready: it says nothing`
    assert.deepEqual(found.toSorted(), [...noPods, noTick].toSorted())

    await reportAvailable(api, await build(chosen))
    assert.deepEqual((await ask()).found, [])
    await api.call('DELETE', `/apis/apps/v1/namespaces/${system}/deployments/logout`)
    await api.call('DELETE', `/apis/sources.knative.dev/v1/namespaces/${system}/sinkbindings/logout`)
    assert.deepEqual((await ask()).found.toSorted(), [
      `there is no Deployment logout in ${system}`,
      `there is no SinkBinding logout in ${system}`,
    ])
  })

  it('let the sweeper look at the tick of a PingSource', async () => {
    const without = functionNames.filter(name => name !== 'sweeper' && name !== 'deadletter')
    await using install = await installTka(lab, { components: ['ping'], without })
    // As the adapter of PingSources sends it, which is no part of the lab.
    const { host, pathname } = new URL(install.brokerUrl)
    const proxy = new URL(lab.clusterDns)
    const outgoing = request({
      host: proxy.hostname,
      port: proxy.port,
      method: 'POST',
      path: `http://${host}${pathname}`,
      signal: AbortSignal.timeout(20_000),
      headers: {
        host,
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-type': 'dev.knative.sources.ping',
        'ce-source': `/apis/v1/namespaces/${install.namespaces.system}/pingsources/tick`,
        'ce-id': 'a4ab1d7c-5a0f-4f2b-8c2a-6f0a1f6a0c55',
      },
    })
    outgoing.end('{}')
    const [response] = await once(outgoing, 'response')
    response.resume()
    assert.equal(response.statusCode, 202)
    await waitUntil('the sweeper to say that it swept', async () => {
      const lines = install.shadow.logs('sweeper').map(({ text }) => text)
      return lines.some(line => line.includes('"outcome":"swept"')) || lines.join('\n')
    })
  })

  it('refuse what is not there', async () => {
    await assert.rejects(build(['ping', 'pong']), /no component pong; there are [a-z-, ]*\bping\b/)
  })
})
