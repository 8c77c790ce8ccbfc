import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { parse } from 'yaml'
import { encodeHint, eventTypes, functionNames } from '#events'
import { schemaUrl } from '#events/json-schemas'
import { version } from '#io/version'
import { type LabStand, openLabStand } from '../e2e/lab-stand.ts'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll } from '../kube/apply.ts'
import { becomesReady } from '../lab/install-ready.ts'
import { removeTrigger } from '../lab/install-tap.ts'
import type { Person } from '../lab/person.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { eventSource } from '../render/event-sources.ts'
import { startEventDisplay, whyNoEventDisplay } from './testing/event-display.ts'

const conditions = v.array(
  v.object({ type: v.string(), status: v.string(), reason: v.optional(v.string()), message: v.optional(v.string()) }),
)
const Ready = v.object({ metadata: v.object({ name: v.string() }), status: v.object({ conditions }) })
const EventType = v.object({
  ...Ready.entries,
  spec: v.object({
    type: v.string(),
    source: v.optional(v.string()),
    schema: v.string(),
    description: v.string(),
    reference: v.object({ kind: v.literal('Broker'), name: v.literal('tka') }),
  }),
})
const listOf = <T extends v.GenericSchema>(item: T) => v.object({ items: v.array(item) })
const Kubeconfig = v.object({ users: v.tuple([v.object({ user: v.object({ token: v.string() }) })]) })

describe('an operator who looks', () => {
  const stack = new AsyncDisposableStack()
  let stand: LabStand
  let api: Api
  let alice: Person
  let system: string
  let until: string

  before(async () => {
    stand = stack.use(await openLabStand())
    api = stack.use(await openApi(stand.lab.kubeconfig))
    system = stand.install.namespaces.system
    alice = await stand.join('alice', { rules: [{ role: 'view', period: '1h' }] })
    const login = await alice.login()
    assert.equal(login.status, 202, login.body)
    until = JSON.parse(login.body).until
    // Conditions come one after another.
    const ready = stand.install.manifests.filter(({ kind }) => ['Trigger', 'EventType', 'SinkBinding'].includes(kind))
    await Promise.all(ready.map(manifest => becomesReady(api, manifest, AbortSignal.timeout(60_000))))
  })
  after(() => stack.disposeAsync())

  // What differs from one install and one moment to another, by what a reader would call it.
  const normal = (text: string) =>
    text
      .replaceAll(`tap-${/tap-(\d+)/.exec(text)?.[1]}`, 'tap')
      .replaceAll(stand.install.install, 'tka')
      .replaceAll(until.replaceAll(':', '.'), 'UNTIL')
      .split('\n')
      .filter(line => !/^(trigger\S*\/)?tap /.test(line))
      .map(line =>
        line
          .trimEnd()
          .split(/ {2,}/)
          .map(cell => (/^(\d+[smh])+$/.test(cell) ? 'AGE' : cell))
          .join('  '),
      )
      .join('\n')
  const golden = async (name: string, text: string) => {
    const file = new URL(`testing/inspection/${name}.txt`, import.meta.url)
    if (process.env.TKA_WRITE_GOLDEN === '1') await writeFile(file, normal(text))
    assert.equal(normal(text), await readFile(file, 'utf8'))
  }
  const kubectl = (...args: readonly string[]) => stand.install.kubectl('get', ...args)

  it('sees Broker and Triggers with kubectl', async () => {
    await golden('broker', await kubectl('broker', '-n', system))
    await golden('trigger', await kubectl('trigger', '-n', system, '-l', 'app.kubernetes.io/part-of=tka'))
  })

  it('sees the catalogue with kubectl', async () => {
    await golden('eventtype', await kubectl('eventtype', '-n', system))
  })

  it('sees SinkBindings with kubectl', async () => {
    await golden('sinkbinding', await kubectl('sinkbinding', '-n', system))
  })

  it('sees the CronJobs with kubectl', async () => {
    const columns = 'NAME:.metadata.name,SCHEDULE:.spec.schedule,SUSPEND:.spec.suspend,POLICY:.spec.concurrencyPolicy'
    await golden('cronjob', await kubectl('cronjob', '-n', system, '-o', `custom-columns=${columns}`))
    // When it last ran, and whether it does, is the clock's.
    const [head] = (await kubectl('cronjob', '-n', system)).split('\n')
    assert.match(head ?? '', /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE$/)
  })

  it('sees the functions with kubectl', async () => {
    await golden('ksvc', await kubectl('ksvc', '-n', system))
  })

  it('sees who is in the cluster now', async () => {
    const { sessions } = stand.install.namespaces
    await golden('serviceaccount', await kubectl('sa', '-n', sessions, '-L', 'tka.dev/role,tka.dev/valid-until'))
  })

  it('sees every type as kn does: v1beta2, with its source, its schema and its Broker, Ready', async () => {
    const path = `/apis/eventing.knative.dev/v1beta2/namespaces/${system}/eventtypes`
    const { items } = v.parse(listOf(EventType), await api.call('GET', path))
    const types = [...eventTypes, 'dev.tka.ping.v1', 'dev.tka.sweep.requested.v1'].sort()
    assert.deepEqual(items.map(({ spec }) => spec.type).sort(), types)
    for (const { spec, status } of items) {
      assert.equal(spec.schema, schemaUrl(spec.type))
      assert.equal(spec.source, eventSource(spec.type, stand.install.cluster))
      assert.equal(status.conditions.find(({ type }) => type === 'Ready')?.status, 'True', spec.type)
    }
  })

  it('sees Broker, Triggers, sources and functions Ready as kn does, with a word of what is not', async () => {
    const kinds = [
      'eventing.knative.dev/v1 brokers',
      'eventing.knative.dev/v1 triggers',
      'sources.knative.dev/v1 sinkbindings',
      'serving.knative.dev/v1 services',
    ]
    for (const kind of kinds) {
      const [group, plural] = kind.split(' ')
      const list = await api.call('GET', `/apis/${group}/namespaces/${system}/${plural}`)
      for (const { metadata, status } of v.parse(listOf(Ready), list).items)
        assert.equal(
          status.conditions.find(({ type }) => type === 'Ready')?.status,
          'True',
          `${plural} ${metadata.name}`,
        )
    }
    const lost = {
      apiVersion: 'eventing.knative.dev/v1',
      kind: 'Trigger',
      metadata: { name: 'lost', namespace: system },
      spec: { broker: 'tka', subscriber: { ref: { apiVersion: 'v1', kind: 'Service', name: 'nobody' } } },
    }
    await applyAll(api, [lost])
    try {
      await waitUntil('the Trigger without a subscriber to say so', async () => {
        const found = await api.call('GET', `/apis/eventing.knative.dev/v1/namespaces/${system}/triggers/lost`)
        const ready = v.safeParse(Ready, found)
        const said = ready.success ? ready.output.status.conditions.find(({ type }) => type === 'Ready') : undefined
        return (said?.status === 'False' && /nobody/.test(said.message ?? '')) || JSON.stringify(said)
      })
    } finally {
      await removeTrigger(api, lost)
    }
  })

  it('pings every function, which says who it is and in which version', async () => {
    for (const name of functionNames) {
      const ping = encodeHint({ type: 'dev.tka.ping.v1', id: randomUUID(), source: '/dev/null', now: Date.now() })
      const { status, headers, body } = await stand.post(name, ping)
      assert.equal(status, 200)
      assert.equal(headers['ce-type'], 'dev.tka.pong.v1')
      assert.deepEqual(JSON.parse(body.toString()), { function: name, version })
    }
  })

  it('watches a login in event-display, and reads ciphertext', { skip: whyNoEventDisplay() ?? false }, async () => {
    const program = stand.lab.programs.event_display
    assert.ok(program)
    await using display = await startEventDisplay(program, stand.lab.dir)
    const trigger = {
      apiVersion: 'eventing.knative.dev/v1',
      kind: 'Trigger',
      metadata: { name: 'event-display', namespace: system },
      spec: { broker: 'tka', subscriber: { uri: display.url }, delivery: { retry: 0, timeout: 'PT1S' } },
    }
    await applyAll(api, [trigger])
    try {
      await becomesReady(api, trigger, AbortSignal.timeout(60_000))
      const bea = await stand.join('bea', { rules: [{ role: 'view', period: '1h' }] })
      await waitUntil('a login to be printed', async () => {
        const { status, body } = await bea.login()
        assert.equal(status, 202, body)
        return display.printed().includes('type: dev.tka.session.granted.v1') || 'nothing yet'
      })
      const [{ user }] = v.parse(Kubeconfig, parse(await readFile(await bea.saveKubeconfig(), 'utf8'))).users
      assert.equal((await bea.logout()).status, 200)
      const wanted = [
        'session.requested',
        'session.granted',
        'logout.requested',
        'session.revocation.requested',
        'session.ended',
      ]
      await waitUntil('the whole flow to be printed', async () => {
        const missing = wanted.filter(type => !display.printed().includes(`type: dev.tka.${type}.v1`))
        return missing.length === 0 || missing.join(', ')
      })
      const printed = display.printed()
      assert.ok(!printed.includes('Validation Error'), 'an event that the SDK finds invalid')
      assert.ok(/"sealed": "[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+"/.test(printed), 'nothing sealed')
      for (const part of user.token.split('.')) assert.ok(!printed.includes(part), 'a part of a token')
    } finally {
      await removeTrigger(api, trigger)
    }
  })
})
