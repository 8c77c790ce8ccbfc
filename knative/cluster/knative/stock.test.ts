import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Manifest } from '../../render/manifest.ts'
import { fromStock } from './stock.ts'

describe('what is made of the stock manifests', () => {
  it('runs images that are here, named in pods and in settings', () => {
    const image = 'ko://knative.dev/serving/cmd/queue'
    assert.deepEqual(fromStock([deployment({ image }), configMap({ 'queue-sidecar-image': image })], {}), [
      deployment({ image: 'dev.local/queue:1', resources: { requests: { cpu: '10m' }, limits: {} } }),
      configMap({ 'queue-sidecar-image': 'dev.local/queue:1' }),
    ])
  })

  it('leaves the name of what is not compiled here', () => {
    const settings = configMap({ image: 'ko://knative.dev/eventing/cmd/heartbeats' })
    assert.deepEqual(fromStock([settings], {}), [settings])
  })

  it('asks for little CPU, is ready when it can be, and is not restarted for being slow', () => {
    const [fitted] = fromStock(
      [
        deployment({
          image: 'dev.local/one:1',
          resources: { requests: { cpu: '300m', memory: '60Mi' }, limits: { cpu: '1', memory: '600Mi' } },
          readinessProbe: { httpGet: { port: 8012 }, initialDelaySeconds: 20, periodSeconds: 10 },
          livenessProbe: { httpGet: { port: 8012 } },
        }),
      ],
      {},
    )
    const readinessProbe = {
      httpGet: { port: 8012 },
      initialDelaySeconds: 0,
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: 10,
    }
    const resources = { requests: { cpu: '10m', memory: '60Mi' }, limits: { memory: '600Mi' } }
    assert.deepEqual(fitted, deployment({ image: 'dev.local/one:1', readinessProbe, resources }))
  })

  it('has the settings asked for, beside its own', () => {
    assert.deepEqual(fromStock([configMap({ a: '1', b: '2' })], { settings: { b: '3' } }), [
      configMap({ a: '1', b: '3' }),
    ])
  })

  it('is refused with settings for a ConfigMap that is not there', () => {
    assert.throws(() => fromStock([configMap({})], { other: { a: '1' } }), /no ConfigMap other/)
  })
})

function deployment(container: object): Manifest {
  const spec = { template: { spec: { containers: [container] } } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'one' }, spec }
}

function configMap(data: Readonly<Record<string, string>>): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data }
}
