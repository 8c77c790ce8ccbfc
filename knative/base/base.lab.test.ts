import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { parseAllDocuments } from 'yaml'
import { functionNames } from '#events/functions'
import { type Api, ApiError, openApi } from '../kube/api.ts'
import { applyAll, pathOf } from '../kube/apply.ts'
import { startLab } from '../lab/index.ts'
import { type Install, installTka } from '../lab/install.ts'
import type { Lab } from '../lab/lab.ts'
import { runProgram } from '../lab/run-program.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { annotateConfig } from '../render/config-annotation.ts'
import { configData } from '../render/config-data.ts'
import { configHash } from '../render/config-hash.ts'
import { Manifest, describe as nameOf } from '../render/manifest.ts'
import { render } from '../render/render.ts'
import { podTemplates } from './pod-templates.ts'

const renderer = fileURLToPath(new URL('../render.ts', import.meta.url))
const folder = fileURLToPath(new URL('.', import.meta.url))

describe('the base', () => {
  const stack = new AsyncDisposableStack()
  let lab: Lab
  let api: Api

  before(async () => {
    lab = stack.use(await startLab())
    api = stack.use(await openApi(lab.kubeconfig))
  })
  after(() => stack.disposeAsync())

  it('is to kubectl what it is to the renderer', async () => {
    const { code, stdout, stderr } = await runProgram(lab.kubectl, ['kustomize', folder])
    assert.equal(code, 0, stderr)
    const theirs = parseAllDocuments(stdout).map(document => v.parse(Manifest, document.toJS()))
    const hash = configHash(configData(theirs))
    assert.deepEqual(
      theirs.map(manifest => annotateConfig(manifest, hash)),
      (await render()).manifests,
    )
  })

  it('goes in, stays as it is and comes out again with kubectl alone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tka-base-'))
    stack.defer(() => rm(dir, { recursive: true, force: true }))
    const name = `k${process.pid}`
    const description = join(dir, 'description.yaml')
    const rendered = join(dir, 'rendered.yaml')
    await writeFile(
      description,
      JSON.stringify({ config: { install: name, namespaces: { system: `${name}-system`, sessions: name } } }),
    )
    const { code, stdout, stderr } = await runProgram(process.execPath, [renderer, description])
    assert.equal(code, 0, stderr)
    await writeFile(rendered, stdout)
    const kubectl = async (...args: readonly string[]) => {
      const finished = await runProgram(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args, '-f', rendered])
      assert.equal(finished.code, 0, `kubectl ${args.join(' ')}: ${finished.stdout}${finished.stderr}`)
      return finished.stdout
    }
    await kubectl('apply')
    // The SinkBindings write K_SINK into the functions' Services.
    const sinks = async () =>
      (
        await runProgram(lab.kubectl, [
          '--kubeconfig',
          lab.kubeconfig,
          'get',
          'ksvc',
          '-n',
          `${name}-system`,
          '-o',
          'yaml',
        ])
      ).stdout
        .split('\n')
        .filter(line => line.includes('K_SINK')).length
    await waitUntil('every function to know its sink', async () => {
      const known = await sinks()
      return known === functionNames.length || `${known} know it`
    })
    assert.equal(await kubectl('diff'), '')
    await kubectl('apply')
    assert.equal(await kubectl('diff'), '')
    assert.equal(await sinks(), functionNames.length)
    await kubectl('delete', '--wait=true', '--timeout=30s')
    assert.equal(await kubectl('get', '--ignore-not-found'), '')
  })

  describe('installed', () => {
    let install: Install

    before(async () => {
      install = stack.use(await installTka(lab, { without: functionNames }))
    })

    it('changes nothing when it is applied again', async () => {
      const versions = async () =>
        Promise.all(install.manifests.map(async manifest => [nameOf(manifest), await version(manifest)]))
      const before = await versions()
      await applyAll(api, install.manifests)
      assert.deepEqual(await versions(), before)
    })

    it('keeps what login wrote into its Lease and its Secret when it is applied again', async () => {
      const { system } = install.namespaces
      const secret = `/api/v1/namespaces/${system}/secrets/${install.install}-login-node`
      const lease = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases/${install.install}-login`
      const merge = (path: string, body: object) =>
        api.call('PATCH', path, { body, contentType: 'application/merge-patch+json' })
      await merge(secret, { data: { state: 'c3RhdGU=' } })
      await merge(lease, { spec: { holderIdentity: 'pod' } })
      await applyAll(api, install.manifests)
      assert.deepEqual(v.parse(v.object({ data: v.unknown() }), await api.call('GET', secret)).data, {
        state: 'c3RhdGU=',
      })
      assert.deepEqual(v.parse(v.object({ spec: v.unknown() }), await api.call('GET', lease)).spec, {
        holderIdentity: 'pod',
      })
    })

    it('asks for no pod that Pod Security would refuse', async () => {
      const { system } = install.namespaces
      const templates = podTemplates(install.manifests)
      assert.ok(templates.length >= functionNames.length + 1)
      for (const { workload, spec } of templates) {
        // What Serving adds to a pod's spec, and takes out of it, is its own.
        const { containerConcurrency: _, timeoutSeconds: __, containers, ...pod } = spec
        const body = {
          metadata: { generateName: 'hardened-' },
          spec: { ...pod, containers: containers.map(({ readinessProbe: _, livenessProbe: __, ...rest }) => rest) },
        }
        const made = api.call('POST', `/api/v1/namespaces/${system}/pods`, { query: { dryRun: 'All' }, body })
        await assert.doesNotReject(made, workload)
      }
      const root = { containers: [{ name: 'root', image: 'tka', securityContext: { runAsUser: 0 } }] }
      const refused = api.call('POST', `/api/v1/namespaces/${system}/pods`, {
        query: { dryRun: 'All' },
        body: { metadata: { generateName: 'root-' }, spec: root },
      })
      await assert.rejects(refused, /violates PodSecurity "restricted/)
    })

    it('leaves nothing when it is taken away', async () => {
      await install[Symbol.asyncDispose]()
      await waitUntil('everything to be gone', async () => {
        const left = await Promise.all(
          install.manifests.map(async manifest => ((await exists(manifest)) ? [nameOf(manifest)] : [])),
        )
        return left.flat().length === 0 || left.flat().join(', ')
      })
    })

    const Meta = v.object({
      metadata: v.object({ uid: v.string(), generation: v.optional(v.number()), resourceVersion: v.string() }),
    })

    // The generation, which a status does not change; of what has none, the version of the whole object.
    const version = async (manifest: Manifest): Promise<string> => {
      const { uid, generation, resourceVersion } = v.parse(Meta, await api.call('GET', pathOf(manifest))).metadata
      return `${uid} ${generation ?? resourceVersion}`
    }

    const exists = async (manifest: Manifest): Promise<boolean> => {
      try {
        await api.call('GET', pathOf(manifest))
        return true
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return false
        throw error
      }
    }
  })
})
