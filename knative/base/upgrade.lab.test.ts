import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { parse, stringify } from 'yaml'
import { functionNames } from '#events/functions'
import { type LabStand, openLabStand } from '../e2e/lab-stand.ts'
import type { Person } from '../lab/person.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { render } from '../render/render.ts'
import { renderOlder } from './testing/older-rendering.ts'

const Config = v.object({ data: v.object({ 'config.yaml': v.string() }) })
const List = v.object({
  items: v.array(v.object({ kind: v.string(), metadata: v.object({ name: v.string() }) })),
})

describe('an install', () => {
  let stand: LabStand
  let alice: Person
  let nora: Person
  let alices: string
  let noras: string
  let newer: string

  // As the manager that made the objects, so that what the newer version no longer says goes away. The SinkBindings have written
  // K_SINK into what is applied: hence --force-conflicts, after which their webhook writes it again.
  const apply = () =>
    stand.install.kubectl('apply', '--server-side', '--force-conflicts', '--field-manager=tka-install', '-f', newer)
  const diff = () =>
    stand.install.kubectl('diff', '--server-side', '--force-conflicts', '--field-manager=tka-install', '-f', newer)

  before(async () => {
    stand = await openLabStand({ render: renderOlder, config: { maxSession: '12h' } })
    alice = await stand.join('alice', { rules: [{ role: 'view', period: '1h' }] })
    nora = await stand.join('nora', { rules: [{ role: 'edit', period: '1h', namespaces: ['default'] }] })
  })
  after(() => stand?.[Symbol.asyncDispose]())

  it('of an older version takes people in', async () => {
    assert.equal((await alice.login()).status, 202)
    alices = await alice.saveKubeconfig()
    assert.equal((await alice.kubectl(alices, 'get', 'pods', '-A')).code, 0)
  })

  it('is upgraded by an apply, after which there is no difference left', async () => {
    const { install, namespaces } = stand.install
    const map = await stand.install.kubectl('get', 'cm', `${install}-config`, '-n', namespaces.system, '-o', 'json')
    const config = parse(v.parse(Config, JSON.parse(map)).data['config.yaml'])
    const { manifests } = await render({ config })
    newer = join(stand.install.keysDir, 'newer.yaml')
    await writeFile(newer, manifests.map(manifest => stringify(manifest)).join('---\n'))
    const before = await holder()
    await apply()
    assert.equal(await diff(), '')
    await waitUntil('every function to run as it now should', async () => {
      const old = functionNames.filter(name => stand.install.shadow.starts(name) < 2)
      return old.length === 0 || old.join(', ')
    })
    await Promise.all(functionNames.map(name => stand.install.shadow.ready(name)))
    await waitUntil('the new login to hold the tailnet node', async () => {
      const now = await holder()
      return (now !== '' && now !== before) || `${now} holds it`
    })
    await waitUntil('login to answer', async () => {
      const { status } = await alice.request('GET', '/login')
      return status === 200 || `it answers ${status}`
    })
    await apply()
    assert.equal(await diff(), '')
  })

  it('keeps its sessions through the upgrade, and lets them be extended and ended', async () => {
    assert.equal((await alice.kubectl(alices, 'get', 'pods', '-A')).code, 0)
    const status = (await alice.request('GET', '/login')).status
    assert.equal(status, 200)
    const extended = await alice.login()
    assert.equal(extended.status, 202, extended.body)
    assert.equal((await alice.kubectl(alices, 'get', 'pods', '-A')).code, 0, 'the same ServiceAccount')
    assert.equal((await alice.logout()).status, 200)
    assert.deepEqual(await stand.objectsOf('alice'), [])
  })

  it('takes people in after the upgrade', async () => {
    for (const person of [alice, nora]) assert.equal((await person.login()).status, 202)
    noras = await nora.saveKubeconfig()
    assert.equal((await nora.kubectl(noras, 'get', 'pods', '-n', 'default')).code, 0)
  })

  it('is removed whole, with the bindings of the sessions that live', async () => {
    const { install, namespaces } = stand.install
    await stand.install.kubectl('delete', '--wait=true', '--timeout=60s', '-f', newer)
    await waitUntil('the bindings of sessions to be collected', async () => {
      const left = await bindings()
      return left.length === 0 || left.join(', ')
    })
    const clusterScoped = await stand.install.kubectl(
      'get',
      'clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,namespace',
      '-o',
      'name',
    )
    assert.deepEqual(
      clusterScoped.split('\n').filter(name => name.includes(`/${install}`)),
      [],
    )
    assert.notEqual((await nora.kubectl(noras, 'get', 'pods', '-n', 'default')).code, 0)
    for (const namespace of Object.values(namespaces)) {
      assert.equal(await stand.install.kubectl('get', 'namespace', namespace, '--ignore-not-found'), '')
    }
  })

  const holder = () => {
    const { install, namespaces } = stand.install
    const path = 'jsonpath={.spec.holderIdentity}'
    return stand.install.kubectl('get', 'lease', `${install}-login`, '-n', namespaces.system, '-o', path)
  }

  const bindings = async (): Promise<readonly string[]> => {
    const { install } = stand.install
    const label = `app.kubernetes.io/instance=${install}`
    const json = await stand.install.kubectl('get', 'rolebinding,clusterrolebinding', '-A', '-l', label, '-o', 'json')
    return v.parse(List, JSON.parse(json)).items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  }
})
