import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { internalKubeconfig, standardKubeconfig } from './kubeconfig.ts'

const input = {
  cluster: 'lab',
  install: 'tka',
  serviceAccount: 'tka-user-alice',
  server: 'https://10.0.0.1:6443',
  ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  token: 'a.b.c',
}
const cluster = { server: input.server, 'certificate-authority-data': Buffer.from(input.ca).toString('base64') }

describe('a kubeconfig', () => {
  it('has maps by name for the published client', () => {
    assert.deepEqual(internalKubeconfig(input), {
      kind: 'Config',
      apiVersion: 'v1',
      clusters: { lab: cluster },
      users: { 'tka-user-alice': { token: 'a.b.c' } },
      contexts: { 'tka-context-alice': { cluster: 'lab', user: 'tka-user-alice' } },
      'current-context': 'tka-context-alice',
    })
  })

  it('has lists for kubectl', () => {
    assert.deepEqual(standardKubeconfig(input), {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster }],
      users: [{ name: 'tka-user-alice', user: { token: 'a.b.c' } }],
      contexts: [{ name: 'tka-context-alice', context: { cluster: 'lab', user: 'tka-user-alice' } }],
      'current-context': 'tka-context-alice',
    })
  })
})
