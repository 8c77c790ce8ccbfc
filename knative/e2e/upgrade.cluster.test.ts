import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { parseAllDocuments } from 'yaml'
import { PublicJwks } from '#events/keys/key-set'
import { renderOlder } from '../base/testing/older-rendering.ts'
import { whyNoCluster } from '../cluster/index.ts'
import { skipLong } from '../cluster/skip-long.ts'
import type { Person } from '../lab/person.ts'
import { installOnPods, type PodInstall, standOn } from './pod-stand.ts'
import { loginNode } from './pods/login-node.ts'
import { removalCase } from './pods/removal.ts'
import { replaceAll } from './pods/replace-all.ts'
import { workOn } from './pods/work-on.ts'
import type { Stand } from './stand.ts'

const Named = v.object({
  kind: v.string(),
  metadata: v.object({ name: v.string(), namespace: v.optional(v.string()) }),
})
const List = v.object({ items: v.array(Named) })
const nameOf = ({ kind, metadata }: v.InferOutput<typeof Named>) =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`

describe('an upgrade from an earlier version, on real pods', { skip: (await whyNoCluster()) ?? skipLong }, () => {
  let pods: PodInstall
  let stand: Stand
  let lena: Person
  let mats: Person
  let hers: string
  let his: string
  /** When the session of mats is over, in epoch milliseconds. */
  let until: number

  before(async () => {
    const { manifests } = await renderOlder({
      config: { install: 'tka', namespaces: { system: 'tka-system', sessions: 'tka' } },
    })
    // Before there was a Job for them, keys were made by hand.
    pods = await installOnPods({ earlier: { base: manifests, afterApply: 'make keys && kubectl apply -k keys' } })
    stand = await standOn(pods)
    lena = await stand.join('lena', { rules: [{ role: 'view', period: '1h' }] })
    mats = await stand.join('mats', { rules: [{ role: 'edit', period: '2m', namespaces: ['default'] }] })
  })
  after(async () => {
    await stand?.[Symbol.asyncDispose]()
    await pods?.[Symbol.asyncDispose]()
  })

  const work = (person: Person, kubeconfig: string) => async () => {
    const { code, stderr } = await person.kubectl(kubeconfig, 'get', 'pods', '-n', 'default')
    return { code, stderr, at: Date.now() }
  }
  const publicKeys = async () => {
    const path = 'jsonpath={.data.jwks\\.json}'
    const text = await pods.install.kubectl('get', 'cm', 'tka-public-keys', '-n', 'tka-system', '-o', path)
    return v.parse(PublicJwks, JSON.parse(text)).keys.map(({ kid }) => kid)
  }

  it('goes by its documented commands: people work through it, on the same tailnet node', async () => {
    const [hersBegan, hisBegan] = await Promise.all([lena.login(), mats.login()])
    assert.deepEqual([hersBegan.status, hisBegan.status], [202, 202])
    ;[hers, his] = await Promise.all([lena.saveKubeconfig(), mats.saveKubeconfig()])
    until = Date.parse(JSON.parse(hisBegan.body).until)
    const [node, keys] = [await loginNode(pods), await publicKeys()]

    await using lenas = workOn(work(lena, hers))
    await using matss = workOn(work(mats, his))
    await replaceAll(pods, lena, pods.install.upgrade)
    const done = [...(await lenas.end()), ...(await matss.end()).filter(({ at }) => at < until)]
    assert.ok(done.length > 10, 'they work on')
    for (const { code, stderr } of done) assert.equal(code, 0, stderr)
    assert.deepEqual(await loginNode(pods), node)
    const left = (await publicKeys()).filter(kid => keys.includes(kid))
    assert.deepEqual(left, [], 'keys that were made by hand are replaced')
  })

  it('leaves nothing of the earlier version, and no difference', async () => {
    const { kubectl, overlay } = pods.install
    assert.equal(await kubectl('diff', '-k', overlay), '')
    const wanted = parseAllDocuments(await kubectl('kustomize', overlay)).map(document =>
      v.parse(Named, document.toJS()),
    )
    const kinds = new Set(wanted.map(({ kind }) => (kind === 'Service' ? 'ksvc' : kind.toLowerCase())))
    const part = ['-A', '-l', 'app.kubernetes.io/part-of=tka', '-o', 'json']
    const { items } = v.parse(List, JSON.parse(await kubectl('get', [...kinds].join(','), ...part)))
    assert.deepEqual(items.map(nameOf).sort(), wanted.map(nameOf).sort())
  })

  it('lets a session of before be extended, and be ended by logout', async () => {
    assert.equal((await lena.login()).status, 202)
    assert.equal((await lena.kubectl(hers, 'get', 'pods', '-A')).code, 0, 'the same ServiceAccount')
    assert.equal((await lena.logout()).status, 200)
    await stand.nothingLeftOf('lena')
    assert.notEqual((await lena.kubectl(hers, 'get', 'pods', '-A')).code, 0)
  })

  it('ends a session of before at its second', async () => {
    // Without the sweeper's help.
    await stand.stopTicking()
    await delay(Math.max(0, until - Date.now()))
    await stand.refused(mats, his)
    await stand.nothingLeftOf('mats')
  })

  it('takes people in after it', async () => {
    assert.equal((await lena.login()).status, 202)
    hers = await lena.saveKubeconfig()
    assert.equal((await lena.kubectl(hers, 'get', 'pods', '-A')).code, 0)
    assert.equal((await lena.logout()).status, 200)
  })

  removalCase(() => pods)
})
