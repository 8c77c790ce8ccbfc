import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { sessionBindings } from '#core/session/binding-names'
import type { SessionTerms } from '#core/session/session-record'
import { encodeHint, type FunctionName } from '#events'
import { inParallel } from '#io/in-parallel'
import { connectKubernetes, type Kubernetes } from '#io/kubernetes/kubernetes'
import { openSessionCluster } from '#io/kubernetes/session-cluster'
import { podTemplates } from '../../knative/base/pod-templates.ts'
import { type LabStand, openLabStand } from '../../knative/e2e/lab-stand.ts'
import { type Api, openApi } from '../../knative/kube/api.ts'
import { waitUntil } from '../../knative/lab/wait-until.ts'
import { readBase } from '../../knative/render/read-base.ts'

/** `make test-size` asks for 10 000. */
const sessions = Number(process.env.TKA_SWEEP_SESSIONS ?? 800)
const pastDue = sessions / 2
/** With how many of them the memory of all is compared. */
const few = sessions / 10
const hour = 3_600_000
const timeoutMs = 120_000 + sessions * 40

/** What a function's container may have. */
async function memoryLimitMiB(name: FunctionName): Promise<number> {
  const { spec } =
    podTemplates(await readBase()).find(({ workload }) => workload === `Service ${name} in tka-system`) ?? {}
  const { limits } = v.parse(v.object({ limits: v.object({ memory: v.string() }) }), spec?.containers[0]?.resources)
  return Number(/^(\d+)Mi$/.exec(limits.memory)?.[1])
}

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
      // The ticks of this test alone, or a sweep would come when it looks at another.
      await stand.stopTicking()
      const token = await stand.install.kubectl('create', 'token', 'provisioner', '-n', namespaces.system)
      provisioner = stack.use(
        await connectKubernetes({
          server: new URL(stand.lab.apiServer.url),
          ca: await readFile(stand.lab.apiServer.caFile, 'utf8'),
          readToken: async () => token.trim(),
        }),
      )
    },
    { timeout: timeoutMs },
  )
  after(() => stack.disposeAsync(), { timeout: timeoutMs })

  const nameOf = (n: number) => `${stand.install.install}-user-p${n}`
  const isPastDue = (n: number) => n % 2 === 0

  // As the provisioner makes them, with its rights and through its guard.
  const populate = async (from: number, to: number): Promise<void> => {
    const scope = { install: stand.install.install, sessionsNamespace: stand.install.namespaces.sessions }
    const cluster = openSessionCluster(provisioner, scope)
    const options = { signal: AbortSignal.timeout(timeoutMs) }
    const now = Math.floor(Date.now() / 1000) * 1000
    await inParallel(
      Array.from({ length: to - from }, (_, n) => from + n),
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

  const peakMiB = async (name: FunctionName = 'sweeper') => {
    const status = await readFile(`/proc/${stand.install.shadow.pid(name)}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
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

  const left = async () => (await accounts()).length
  // As a pod that was scaled to zero: it remembers no sweep.
  const startAnew = async () => {
    await stand.install.shadow.scale('sweeper', 0)
    await stand.install.shadow.scale('sweeper', 1)
  }
  // A sweep has 20 s, which on a busy machine is not enough for all of them.
  const sweptDownTo = (count: number) =>
    waitUntil(
      'ticks to end what is past due',
      async () => {
        const posted = await stand.post('sweeper', tick()).catch(() => undefined)
        const still = await left()
        return still === count || `${still} are left, the tick was answered ${posted?.status}`
      },
      { timeoutMs, everyMs: 500 },
    )
  const peaks = { idle: 0, few: 0, all: 0 }

  it('are few at first', { timeout: timeoutMs }, async () => {
    await populate(0, few)
    await startAnew()
    peaks.idle = await peakMiB()
    await sweptDownTo(few / 2)
    peaks.few = await peakMiB()
  })

  it('are swept once by ticks that overlap, and a sweep that dies half-way is finished by the next', async () => {
    await populate(few, sessions)
    const before = await left()
    await startAnew()
    const doubled = [stand.post('sweeper', tick()), stand.post('sweeper', tick())].map(posted =>
      posted.catch((error: unknown) => error),
    )
    await waitUntil('the first sessions to be ended', async () => (await left()) < before || 'none yet')
    await stand.install.shadow.kill('sweeper', 'SIGKILL')
    const swept = await left()
    await Promise.all(doubled)
    assert.ok(swept > sessions - pastDue, 'it was over before it could be killed')

    await stand.install.shadow.ready('sweeper')
    await sweptDownTo(sessions - pastDue)
    peaks.all = await peakMiB()
    const live = new Set(await accounts())
    for (let n = 0; n < sessions; n++) assert.equal(live.has(nameOf(n)), !isPastDue(n), nameOf(n))
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
    assert.ok(lists.every(line => line.includes('limit=250')))
    assert.ok(lists.some(line => line.includes('continue=')))
  })

  it('are no more than the provisioner can hold', async t => {
    const peak = await peakMiB('provisioner')
    t.diagnostic(`the provisioner's peak: ${peak} MiB`)
    assert.ok(peak < (await memoryLimitMiB('provisioner')), 'more than its container may have')
  })

  it('take little memory, and ten times as many not much more', async t => {
    t.diagnostic(`the sweeper's peak: ${JSON.stringify(peaks)} MiB`)
    assert.ok(peaks.all < (await memoryLimitMiB('sweeper')), 'more than its container may have')
    // What V8 fills before it first collects is no measure of anything.
    const growth = Math.max(peaks.few - peaks.idle, 16)
    assert.ok(peaks.all - peaks.idle < 4 * growth, 'it grows with the sessions')
  })
})
