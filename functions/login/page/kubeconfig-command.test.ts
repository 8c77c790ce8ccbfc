import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kubeconfigCommand } from './kubeconfig-command.ts'

const config = { install: 'tka', cluster: 'demo' }
const hosts = ['tka.tail1.ts.net', 'tka', '100.64.0.1']

describe('the command for the kubeconfig', () => {
  it('names the full name of the listener, the scheme and, where it is not the usual one, the port', () => {
    const command = (listener: Parameters<typeof kubeconfigCommand>[0]) => kubeconfigCommand(listener, config)
    assert.match(
      command({ scheme: 'http', port: 80, hosts }),
      / http:\/\/tka\.tail1\.ts\.net\/api\/v1alpha1\/kubeconfig\)/,
    )
    assert.match(command({ scheme: 'https', port: 443, hosts }), / https:\/\/tka\.tail1\.ts\.net\/api/)
    assert.match(command({ scheme: 'https', port: 8443, hosts }), / https:\/\/tka\.tail1\.ts\.net:8443\/api/)
  })

  it('writes and names one file of this install and cluster', () => {
    const files = kubeconfigCommand({ scheme: 'http', port: 80, hosts }, config).match(/~\S+/g)
    assert.deepEqual(files, ['~/.kube/tka-demo.yaml', '~/.kube/tka-demo.yaml'])
  })
})
