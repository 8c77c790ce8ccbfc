import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { render } from '../../render/render.ts'
import type { Examined } from '../finding.ts'
import { examinedWith } from '../testing/examined-with.ts'
import { workloads } from './workloads.ts'

const { manifests } = await render()
const [tick] = manifests.filter(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'tick')
assert.ok(tick)
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'login', namespace: 'tka-system' } }
const noon = Date.parse('2026-11-23T12:00:00Z')

/** What the check says of one object, given what the API server has of it. */
async function look(expected: Examined['expected'][number], live?: unknown) {
  const found = await workloads.look(examinedWith([expected], live, noon))
  return found.map(({ severity, says }) => `${severity}: ${says}`)
}

const cronJob = (status: object, spec: object = {}) => ({
  metadata: { creationTimestamp: '2026-11-23T11:00:00Z' },
  spec: { schedule: '* * * * *', ...spec },
  status,
})

describe('the doctor on what runs by the clock', () => {
  it('is content with a Job of every minute that succeeded of late', async () => {
    assert.match(String(await look(tick, cronJob({ lastSuccessfulTime: '2026-11-23T11:58:07Z' }))), /^fine/)
  })

  it('waits a while for the first one', async () => {
    const young = { ...cronJob({}), metadata: { creationTimestamp: '2026-11-23T11:57:00Z' } }
    assert.match(String(await look(tick, young)), /^fine/)
  })

  it('finds one that has long not succeeded, or never did', async () => {
    const says = (since: string) => [`failure: CronJob tick in tka-system has not succeeded since ${since}`]
    const [since, never] = ['2026-11-23T11:50:00Z', '2026-11-23T11:00:00Z']
    assert.deepEqual(await look(tick, cronJob({ lastSuccessfulTime: since })), says(since))
    assert.deepEqual(await look(tick, cronJob({})), says(never))
  })

  it('does not hurry one that runs four times a year', async () => {
    assert.match(String(await look(tick, cronJob({}, { schedule: '17 3 1 1,4,7,10 *' }))), /^fine/)
  })

  it('finds one that is suspended', async () => {
    assert.deepEqual(await look(tick, cronJob({}, { suspend: true })), [
      'warning: CronJob tick in tka-system is suspended',
    ])
  })
})

describe('the doctor on Deployments', () => {
  const saying = (status: string) => ({
    status: { conditions: [{ type: 'Available', status, message: 'does not have minimum availability' }] },
  })

  it('is content with one that is available', async () => {
    assert.match(String(await look(deployment, saying('True'))), /^fine/)
  })

  it('finds one without a pod, and one that is not there', async () => {
    assert.deepEqual(await look(deployment, saying('False')), [
      'failure: Deployment login in tka-system has no pod that is ready: does not have minimum availability',
    ])
    assert.deepEqual(await look(deployment), ['failure: there is no Deployment login in tka-system'])
  })
})
