import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll, deleteAll } from '../kube/apply.ts'
import { type Lab, startLab } from '../lab/index.ts'
import { runProgram } from '../lab/run-program.ts'
import { waitUntil } from '../lab/wait-until.ts'
import type { Manifest } from '../render/manifest.ts'
import { type LabStand, openLabStand } from './lab-stand.ts'

const view = { role: 'view', period: '8h' }

/** As `kubeadm init` publishes it; not letter for letter the address that pods are given. */
const published = ({ apiServer }: Lab): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cluster-info', namespace: 'kube-public' },
  data: {
    kubeconfig: stringify({
      apiVersion: 'v1',
      clusters: [{ cluster: { server: `${apiServer.url}/` }, name: '' }],
      contexts: null,
      'current-context': '',
      kind: 'Config',
      users: null,
    }),
  },
})

describe('the API server that no configuration names', () => {
  const stack = new AsyncDisposableStack()
  let lab: Lab
  let api: Api
  let stand: LabStand

  before(async () => {
    lab = stack.use(await startLab())
    api = stack.use(await openApi(lab.kubeconfig))
    // The lab's own control plane publishes none.
    stack.defer(() => deleteAll(api, [published(lab)]))
    await applyAll(api, [published(lab)])
    stand = stack.use(await openLabStand({ components: ['cluster-info'], config: { apiServer: {} } }))
  })
  after(() => stack.disposeAsync())

  it('is taken from kube-public/cluster-info, with the CA of the pods, into a kubeconfig that works', async () => {
    const tess = await stand.join('tess', { rules: [view] })
    assert.equal((await tess.login()).status, 202)
    const kubeconfig = await tess.saveKubeconfig()
    const read = await tess.kubectl(kubeconfig, 'config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}')
    assert.equal(read.stdout, `${lab.apiServer.url}/`)
    const pods = await tess.kubectl(kubeconfig, 'get', 'pods')
    assert.equal(pods.code, 0, pods.stderr)
    const info = JSON.parse((await tess.request('GET', '/cluster-info')).body)
    assert.equal(info.server_url, `${lab.apiServer.url}/`)
    await tess.logout()
  })

  it('keeps login from starting when nothing is published, and says what to set', async () => {
    await deleteAll(api, [published(lab)])
    await refusesToStart(stand, /apiServer\.url is missing.*does not exist/)
    await applyAll(api, [published(lab)])
    await stand.install.shadow.ready('login')
  })

  it('keeps login from starting when it may not read it, and says what to add', async () => {
    const grant = stand.install.manifests.filter(
      ({ kind, metadata }) => kind === 'RoleBinding' && metadata.namespace === 'kube-public',
    )
    assert.equal(grant.length, 1)
    await deleteAll(api, grant)
    const login = `system:serviceaccount:${stand.install.namespaces.system}:login`
    await waitUntil('the API server has seen it', async () => {
      const question = ['auth', 'can-i', 'get', 'configmap/cluster-info', '-n', 'kube-public', '--as', login]
      const { stdout } = await runProgram(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...question])
      return stdout.trim() === 'no' || stdout
    })
    await refusesToStart(stand, /apiServer\.url is missing.*may not be read by login: the component cluster-info/)
    await applyAll(api, grant)
    await stand.install.shadow.ready('login')
  })
})

async function refusesToStart({ install: { shadow } }: LabStand, saying: RegExp): Promise<void> {
  const before = shadow.logs('login').length
  await shadow.kill('login')
  await waitUntil('login says why it does not start', async () => {
    const said = shadow.logs('login').slice(before)
    return said.some(({ text }) => text.includes('cannot start') && saying.test(text)) || `${said.at(-1)?.text}`
  })
}
