import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { sessionBindings } from '#core/session/binding-names'
import type { SessionTerms } from '#core/session/session-record'
import { encodeHint } from '#events'
import { inParallel } from '#io/in-parallel'
import { connectKubernetes, type Kubernetes } from '#io/kubernetes/kubernetes'
import { openSessionCluster } from '#io/kubernetes/session-cluster'
import { type LabStand, openLabStand } from '../../knative/e2e/lab-stand.ts'
import { type Api, openApi } from '../../knative/kube/api.ts'
import { waitUntil } from '../../knative/lab/wait-until.ts'

/** `make test-size` asks for 10 000. */
const sessions = Number(process.env.TKA_SWEEP_SESSIONS ?? 800)
const pastDue = sessions / 2
const hour = 3_600_000
const timeoutMs = 120_000 + sessions * 40

const List = v.object({
  items: v.array(v.object({ metadata: v.object({ name: v.string() }) })),
})

describe(`${sessions} sessions, of which ${pastDue} are past due`, { timeout: timeoutMs * 3 }, () => {
  const stack = new AsyncDisposableStack()
  let stand: LabStand
  let admin: Api
  let provisioner: Kubernetes

  before(
    async () => {
      stand = stack.use(
        await openLabStand({ without: ['login', 'logout'], config: { expiryTimers: false, maxSession: '24h' } }),
      )
      admin = stack.use(await openApi(stand.lab.kubeconfig))
      const { namespaces } = stand.install
      const token = await stand.install.kubectl('create', 'token', 'provisioner', '-n', namespaces.system)
      provisioner = stack.use(
        await connectKubernetes({
          server: new URL(stand.lab.apiServer.url),
          ca: await readFile(stand.lab.apiServer.caFile, 'utf8'),
          readToken: async () => token.trim(),
        }),
      )
      await populate()
    },
    { timeout: timeoutMs },
  )
  after(() => stack.disposeAsync(), { timeout: timeoutMs })

  const nameOf = (n: number) => `${stand.install.install}-user-p${n}`
  const isPastDue = (n: number) => n % 2 === 0

  // As the provisioner makes them, with its rights and through its guard.
  const populate = async (): Promise<void> => {
    const scope = { install: stand.install.install, sessionsNamespace: stand.install.namespaces.sessions }
    const cluster = openSessionCluster(provisioner, scope)
    const options = { signal: AbortSignal.timeout(timeoutMs) }
    const now = Math.floor(Date.now() / 1000) * 1000
    await inParallel(
      Array.from({ length: sessions }, (_, n) => n),
      32,
      async n => {
        const name = nameOf(n)
        const session = randomUUID()
        const namespaces = ['default']
        const terms: SessionTerms = {
          session,
          login: `p${n}@example.com`,
          userId: String(n + 1),
          node: `node-${n}`,
          role: 'edit',
          namespaces,
          bindings: sessionBindings(name, session, namespaces),
          startedAt: now - 2 * hour,
          request: session,
          validUntil: isPastDue(n) ? now - hour : now + hour,
        }
        const [account] = await Promise.all([
          cluster.createServiceAccount(name, terms, options),
          ...terms.bindings.map(binding => cluster.createBinding(binding, name, terms, options)),
        ])
        const sequence = '0000000000000001'
        await cluster.writeLease({ name, phase: 'live', sequence, serviceAccountUid: account.uid, ...terms }, options)
      },
    )
  }

  const accounts = async () => {
    const path = `/api/v1/namespaces/${stand.install.namespaces.sessions}/serviceaccounts`
    const labelSelector = `app.kubernetes.io/instance=${stand.install.install}`
    const { items } = v.parse(List, await admin.call('GET', path, { query: { labelSelector } }))
    return items.map(({ metadata }) => metadata.name)
  }
  const tick = () =>
    encodeHint({ type: 'dev.tka.sweep.requested.v1', id: randomUUID(), source: '/tka/lab/tick', now: Date.now() })
  const outcomes = () =>
    stand.install.shadow
      .logs('sweeper')
      .flatMap(({ text }) => /"message":"tick".*"outcome":"(\w+)"/.exec(text)?.[1] ?? [])

  it('are swept once by ticks that overlap, and a sweep that dies half-way is finished by the next', async () => {
    const doubled = [stand.post('sweeper', tick()), stand.post('sweeper', tick())].map(posted =>
      posted.catch((error: unknown) => error),
    )
    await waitUntil('the first sessions to be ended', async () => (await accounts()).length < sessions || 'none yet')
    const killed = stand.install.shadow.pid('sweeper')
    assert.ok(killed)
    const swept = (await accounts()).length
    process.kill(killed, 'SIGKILL')
    await Promise.all(doubled)
    assert.ok(swept > sessions - pastDue, 'it was over before it could be killed')

    await stand.install.shadow.ready('sweeper')
    await waitUntil(
      'the next ticks to end the rest',
      async () => {
        const posted = await stand.post('sweeper', tick()).catch(() => undefined)
        const left = (await accounts()).length
        return left === sessions - pastDue || `${left} are left, the tick was answered ${posted?.status}`
      },
      { timeoutMs, everyMs: 500 },
    )
    const left = new Set(await accounts())
    for (let n = 0; n < sessions; n++) assert.equal(left.has(nameOf(n)), !isPastDue(n), nameOf(n))
    assert.ok(outcomes().includes('deferred'), 'a tick that came while it swept')
  })

  it('leave no binding behind, and none of those that live is touched', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings'
    const labelSelector = `app.kubernetes.io/instance=${stand.install.install}`
    const { items } = v.parse(List, await admin.call('GET', path, { query: { labelSelector } }))
    assert.equal(items.length, sessions - pastDue)
  })

  it('are read in pages', async () => {
    const sweeper = `system:serviceaccount:${stand.install.namespaces.system}:sweeper`
    const log = await readFile(stand.lab.apiServer.auditLog, 'utf8')
    const lists = log.split('\n').filter(line => line.includes(sweeper) && line.includes('"verb":"list"'))
    assert.ok(lists.length > 0)
    assert.ok(lists.every(line => line.includes('limit=500')))
    assert.ok(lists.some(line => line.includes('continue=')))
  })

  it('take little memory', async () => {
    const status = await readFile(`/proc/${stand.install.shadow.pid('sweeper')}/status`, 'utf8')
    const peakMiB = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
    // What its container may have.
    assert.ok(peakMiB < 384, `the sweeper took ${peakMiB.toFixed(0)} MiB`)
  })
})
