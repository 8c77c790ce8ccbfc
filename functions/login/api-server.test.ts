import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { ConfigInvalid } from '#core/config'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import { findApiServer } from './api-server.ts'

const mountedCa = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const ca = mountedCa.replace('AAAA', 'BBBB')

// As `kubeadm init` writes it.
const kubeadms = (server: string) =>
  stringify({
    apiVersion: 'v1',
    clusters: [{ cluster: { 'certificate-authority-data': 'Q0NDQw==', server }, name: '' }],
    contexts: null,
    'current-context': '',
    kind: 'Config',
    preferences: {},
    users: null,
  })

const says = (kubeconfig?: string) => ({
  mountedCa,
  readClusterInfo: async () => ({
    data: { 'jws-kubeconfig-abcdef': 'eyJhbGciOiJIUzI1NiJ9..x', ...(kubeconfig === undefined ? {} : { kubeconfig }) },
  }),
})

const fails = (error: Error) => ({
  mountedCa,
  readClusterInfo: async () => {
    throw error
  },
})

describe('the API server in kubeconfigs', () => {
  it('is the configured one, and nobody is asked', async () => {
    const url = 'https://kubernetes.example.com:6443'
    const nobody = fails(new Error('asked'))
    assert.deepEqual(await findApiServer({ url, ca }, nobody), { url, ca })
  })

  it('is trusted by the CA that every pod is given, when none is configured', async () => {
    const url = 'https://kubernetes.example.com:6443'
    assert.deepEqual(await findApiServer({ url }, says()), { url, ca: mountedCa })
  })

  it('is the one that kubeadm publishes, when none is configured, and its CA is still that of the pods', async () => {
    const url = 'https://203.0.113.7:6443'
    assert.deepEqual(await findApiServer({}, says(kubeadms(url))), { url, ca: mountedCa })
    assert.deepEqual(await findApiServer({ ca }, says(kubeadms(url))), { url, ca })
  })

  const refused: readonly (readonly [string, ReturnType<typeof says>, RegExp])[] = [
    ['there is no cluster-info', fails(new KubernetesError('not-found', '404')), /does not exist/],
    ['login may not read it', fails(new KubernetesError('forbidden', '403')), /component cluster-info/],
    ['it is empty', says(), /holds no kubeconfig/],
    ['it is no YAML', says('clusters: [a'), /holds no kubeconfig/],
    ['it names no cluster', says('clusters: []'), /holds no kubeconfig/],
    [
      'it names two',
      says(stringify({ clusters: [1, 2].map(n => ({ cluster: { server: `https://${n}.example` } })) })),
      /of one/,
    ],
    ['its server has no TLS', says(kubeadms('http://203.0.113.7:6443')), /https/],
    ['its server carries a password', says(kubeadms('https://root:secret@203.0.113.7')), /https server\)$/],
  ]
  for (const [when, cluster, message] of refused) {
    it(`is asked for by the name of its field when ${when}`, async () => {
      await assert.rejects(findApiServer({}, cluster), error => {
        assert.ok(error instanceof ConfigInvalid)
        assert.match(error.message, /^apiServer\.url is missing: set it to the address at which people's laptops/)
        assert.match(error.message, message)
        return true
      })
    })
  }

  it('is left to the next start when the cluster does not answer', async () => {
    const down = new KubernetesError('unavailable', 'GET /api/v1/…: ETIMEDOUT')
    await assert.rejects(findApiServer({}, fails(down)), down)
  })
})
