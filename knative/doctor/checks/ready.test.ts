import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { examinedWith } from '../testing/examined-with.ts'
import { ready } from './ready.ts'

const login = {
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'login', namespace: 'tka-system' },
}
const saying = (status: 'True' | 'False' | 'Unknown', message?: string) => ({
  status: {
    latestCreatedRevisionName: 'login-00002',
    conditions: [
      { type: 'Ready', status, message },
      { type: 'ConfigurationsReady', status },
    ],
  },
})

/** What the check says of a Knative Service, and what to do. */
async function look(live: unknown) {
  const [found] = await ready.look(examinedWith([login], live))
  return [found?.severity, found?.says, found?.todo]
}

describe('the doctor on Knative Services', () => {
  it('is content with one that is Ready', async () => {
    assert.equal((await look(saying('True')))[0], 'fine')
  })

  it('tells where to look for what one still waits for', async () => {
    assert.deepEqual(await look(saying('Unknown', 'waiting for a Revision')), [
      'failure',
      'ksvc login in tka-system is not Ready: waiting for a Revision',
      'kubectl describe ksvc login -n tka-system',
    ])
  })

  it('tells how one begins again that Serving has given up', async () => {
    assert.deepEqual(await look(saying('False', 'no ready Revision')), [
      'failure',
      'ksvc login in tka-system is not Ready: no ready Revision',
      'find out why (kubectl describe ksvc login -n tka-system) and mend it; Serving has given the revision up, so let it be made again: kubectl delete revision login-00002 -n tka-system',
    ])
  })
})
