import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import { guardAttempts } from './guard-attempts.ts'
import { doubtGuard } from './prove-guard.ts'
import { sampleConfig } from './testing/sample-events.ts'

const config = sampleConfig()
const now = () => Date.parse('2026-11-23T10:00:00Z')
const signal = new AbortController().signal
const written = (path: string, body: unknown) => `${path} ${JSON.stringify(body)}`
const [allowed] = guardAttempts(config, now())
  .filter(attempt => attempt.allowed)
  .map(({ path, body }) => written(path, body))

/** An API server that answers each attempt by a rule of ours; says nothing where the write passes. */
const server = (answer: (write: string) => 'denied' | 'forbidden' | 'unavailable' | undefined) => ({
  config,
  now,
  tryCreate: async (path: string, body: unknown) => {
    const failure = answer(written(path, body))
    if (failure) throw new KubernetesError(failure, failure)
  },
})

describe('the proof of the guard', () => {
  it('holds when all that must be refused is refused, and what a session needs is not', async () => {
    const holding = server(write => (write === allowed ? undefined : 'denied'))
    assert.equal(await doubtGuard(holding, signal), undefined)
  })

  it('fails when nothing is refused', async () => {
    const doubt = await doubtGuard(
      server(() => undefined),
      signal,
    )
    assert.match(doubt ?? '', /nothing keeps us from this: bind a ServiceAccount that is no session/)
  })

  it('fails when any single attempt passes', async () => {
    for (const attempt of guardAttempts(config, now()).filter(one => !one.allowed)) {
      const leak = written(attempt.path, attempt.body)
      const leaking = server(write => (write === allowed || write === leak ? undefined : 'denied'))
      assert.match((await doubtGuard(leaking, signal)) ?? '', new RegExp(attempt.what))
    }
  })

  it('fails when the guard refuses what a session needs', async () => {
    assert.match(
      (await doubtGuard(
        server(() => 'denied'),
        signal,
      )) ?? '',
      /refuses what it must allow/,
    )
  })

  it('is none when RBAC was first, or the API server failed', async () => {
    for (const failure of ['forbidden', 'unavailable'] as const) {
      const doubt = await doubtGuard(
        server(write => (write === allowed ? undefined : failure)),
        signal,
      )
      assert.match(doubt ?? '', /could not find out/)
    }
  })

  it('is sought with RoleBindings where no role is offered for the whole cluster', () => {
    const namespaced = sampleConfig({ roles: [{ name: 'view', scope: 'namespaced', maxPeriod: '1h' }] })
    const paths = guardAttempts(namespaced, now()).map(({ path }) => path)
    assert.equal(
      paths.some(path => path.includes('clusterrolebindings')),
      false,
    )
  })
})
