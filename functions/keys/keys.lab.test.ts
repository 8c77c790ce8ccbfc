import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { type FunctionName, functionNames } from '#events'
import { PublicJwks } from '#events/keys/key-set'
import { type LabStand, openLabStand } from '../../knative/e2e/lab-stand.ts'
import { type Api, openApi } from '../../knative/kube/api.ts'
import type { Person } from '../../knative/lab/person.ts'
import { waitUntil } from '../../knative/lab/wait-until.ts'

const ConfigMap = v.object({ data: v.object({ 'jwks.json': v.pipe(v.string(), v.parseJson(), PublicJwks) }) })
const Job = v.object({ status: v.optional(v.object({ succeeded: v.optional(v.number(), 0) }), {}) })
const Secret = v.object({ data: v.optional(v.record(v.string(), v.string()), {}) })
const Pods = v.object({ items: v.array(v.object({ metadata: v.object({ name: v.string() }) })) })

describe('the keys of an install', () => {
  const stack = new AsyncDisposableStack()
  let stand: LabStand
  let api: Api
  let alice: Person
  let system: string

  before(async () => {
    stand = stack.use(await openLabStand({ keysByJob: true }))
    api = stack.use(await openApi(stand.lab.kubeconfig))
    alice = await stand.join('alice', { rules: [{ role: 'view', period: '1h' }] })
    system = stand.install.namespaces.system
  })
  after(() => stack.disposeAsync())

  const published = async () => {
    const path = `/api/v1/namespaces/${system}/configmaps/${stand.install.install}-public-keys`
    return v.parse(ConfigMap, await api.call('GET', path)).data['jwks.json'].keys
  }
  const kidsOf = async (owner: FunctionName) =>
    (await published()).filter(key => key.function === owner).map(({ kid }) => kid)

  const succeeds = (name: string) =>
    waitUntil(`Job ${name}`, async signal => {
      const job = await api.call('GET', `/apis/batch/v1/namespaces/${system}/jobs/${name}`, { signal })
      return v.parse(Job, job).status.succeeded > 0 || stand.install.shadow.logs(name).at(-1)?.text || 'no output'
    })

  /** As docs/operate.md says it is done, with times that a test can wait for. */
  const start = async (name: string, ...environment: readonly string[]) => {
    const from = ['create', 'job', name, '-n', system, '--from=cronjob/keys', '--dry-run=client', '-o', 'yaml']
    const [plain, changed] = [
      join(stand.install.keysDir, `${name}.yaml`),
      join(stand.install.keysDir, `${name}-set.yaml`),
    ]
    await writeFile(plain, await stand.install.kubectl(...from))
    const set = await stand.install.kubectl('set', 'env', '--local', '-f', plain, '-o', 'yaml', ...environment)
    await writeFile(changed, set)
    await stand.install.kubectl('create', '-f', changed)
  }

  const login = async () => {
    const { status, body } = await alice.login()
    assert.equal(status, 202, body)
  }

  it('are made by a Job, for which every function has waited', async () => {
    await succeeds('keys')
    assert.deepEqual(
      (await published()).map(key => key.function),
      [...functionNames],
    )
    for (const name of functionNames) assert.equal(stand.install.shadow.starts(name), 1, name)
    await login()
  })

  it('are rotated while people log in, though the Job that does it is killed half-way', async () => {
    const before = await kidsOf('login')
    await start('rotate', 'TKA_KEYS_LEAD=4s', 'TKA_KEYS_GRACE=4s')
    await waitUntil('the new keys to be published', async () => {
      const kids = await kidsOf('login')
      return kids.length === 2 || `${kids.length} keys of login`
    })
    const selector = { labelSelector: 'batch.kubernetes.io/job-name=rotate' }
    const pods = v.parse(Pods, await api.call('GET', `/api/v1/namespaces/${system}/pods`, { query: selector })).items
    assert.equal(pods.length, 1)
    for (const { metadata } of pods)
      await api.call('DELETE', `/api/v1/namespaces/${system}/pods/${metadata.name}`, {
        query: { gracePeriodSeconds: '0' },
      })
    await login()
    await succeeds('rotate')
    const after = await kidsOf('login')
    assert.equal(after.length, 1)
    assert.notDeepEqual(after, before)
    await login()
    assert.equal((await alice.logout()).status, 200)
    for (const name of functionNames) assert.equal(stand.install.shadow.starts(name), 1, `${name} was restarted`)
  })

  it('leave nothing of a next one in the Secrets', async () => {
    for (const name of functionNames) {
      const path = `/api/v1/namespaces/${system}/secrets/${stand.install.install}-${name}-signing-key`
      assert.deepEqual(Object.keys(v.parse(Secret, await api.call('GET', path)).data), ['key.jwk.json'])
    }
  })

  it('are replaced at once when they are stolen', async () => {
    const before = await published()
    await start('replace', 'TKA_KEYS=replace')
    await succeeds('replace')
    const after = await published()
    assert.equal(after.length, functionNames.length)
    assert.ok(after.every(({ kid }) => !before.some(old => old.kid === kid)))
    await waitUntil('people to be let in again', async () => {
      const { status } = await alice.login()
      return status === 202 || `login answers ${status}`
    })
  })

  it('are told to nobody by the log', () => {
    for (const job of ['keys', 'rotate', 'replace'])
      for (const { text } of stand.install.shadow.logs(job)) assert.doesNotMatch(text, /"d":/)
  })
})
