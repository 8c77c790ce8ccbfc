import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll } from '../kube/apply.ts'
import { startLab } from '../lab/index.ts'
import { type Install, installTka } from '../lab/install.ts'
import type { Lab } from '../lab/lab.ts'
import { runProgram } from '../lab/run-program.ts'
import { waitUntil } from '../lab/wait-until.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const rbac = '/apis/rbac.authorization.k8s.io/v1'
// Those that can stand beside functions which run. The others are asked after in components.lab.test.ts.
const components = ['cluster-info', 'monitoring'] as const
const Policy = v.object({ spec: v.object({ variables: v.array(v.object({ name: v.string() })) }) })
// An overlay's lists and hash are as old as its last `make overlay`.
const completed = 'apply this version again \\(an overlay: after `make overlay DIR='
const Secret = v.object({ data: v.record(v.string(), v.string()) })

describe('the doctor', () => {
  const stack = new AsyncDisposableStack()
  let lab: Lab
  let install: Install
  let api: Api

  before(async () => {
    lab = stack.use(await startLab())
    install = stack.use(await installTka(lab, { keysByJob: true, components: [...components] }))
    api = stack.use(await openApi(lab.kubeconfig))
  })
  after(() => stack.disposeAsync())

  // It builds the components by kubectl.
  const env = {
    ...process.env,
    get PATH() {
      return `${dirname(lab.kubectl)}:${process.env.PATH}`
    },
  }
  const ask = () => {
    const { install: name, namespaces } = install
    const which = ['--kubeconfig', lab.kubeconfig, '--install', name, '--namespace', namespaces.system]
    return runProgram(process.execPath, [main, ...which], { env, timeoutMs: 60_000 })
  }
  const again = () => applyAll(api, install.manifests)
  /** Until the doctor says so: what is applied counts a moment later. */
  const says = (line: RegExp, code: number) =>
    waitUntil(`the doctor to say ${line}`, async () => {
      const asked = await ask()
      return (line.test(asked.stdout) && asked.code === code) || `${asked.code} ${asked.stdout}${asked.stderr}`
    })

  it('finds nothing wrong with what was just installed', async () => {
    await says(/✓ Knative/, 0)
    const { stdout } = await ask()
    assert.doesNotMatch(stdout, /✗/)
    assert.match(stdout, /\nnothing to do\n$/)
    assert.match(stdout, new RegExp(`^install ${install.install}, components: ${components.join(', ')}\n`))
    for (const check of [
      'rights',
      'guard',
      'keys',
      'auth key',
      'network',
      'Knative',
      'workloads',
      'configuration',
      'clocks',
      'tokens',
    ])
      assert.match(stdout, new RegExp(`✓ ${check}: `))
  })

  it('changes nothing', async () => {
    const before = await install.kubectl(
      'get',
      'sa,lease,role,rolebinding,secret',
      '-n',
      install.namespaces.sessions,
      '-o',
      'name',
    )
    await ask()
    assert.equal(
      await install.kubectl('get', 'sa,lease,role,rolebinding,secret', '-n', install.namespaces.sessions, '-o', 'name'),
      before,
    )
  })

  it('finds rights that were changed, and rights from elsewhere', async () => {
    const { sessions, system } = install.namespaces
    await api.call('PATCH', `${rbac}/namespaces/${sessions}/roles/logout`, {
      contentType: 'application/merge-patch+json',
      body: { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
    })
    const name = `${install.install}-elsewhere`
    await api.call('POST', `${rbac}/clusterrolebindings`, {
      body: {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'login', namespace: system }],
      },
    })
    const { stdout, code } = await ask()
    assert.equal(code, 1)
    assert.match(stdout, new RegExp(`✗ rights: Role logout in ${sessions} is not as shipped\n {4}→ ${completed}`))
    assert.match(stdout, new RegExp(`✗ rights: other bindings give rights to ${system}: ${name}\n`))
    await api.call('DELETE', `${rbac}/clusterrolebindings/${name}`)
    await again()
    await says(/✓ rights/, 0)
  })

  it('finds who may read the events', async () => {
    const { system } = install.namespaces
    const [roles, bindings] = ['roles', 'rolebindings'].map(kind => `${rbac}/namespaces/${system}/${kind}`)
    assert.ok(roles && bindings)
    const rules = [{ apiGroups: ['eventing.knative.dev'], resources: ['*'], verbs: ['*'] }]
    await api.call('POST', roles, { body: { metadata: { name: 'eve' }, rules } })
    await api.call('POST', bindings, {
      body: {
        metadata: { name: 'eve' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'eve' },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
      },
    })
    assert.match((await ask()).stdout, /! readers: these may subscribe to the Broker .*\beve\b/)
    await api.call('DELETE', `${bindings}/eve`)
    assert.doesNotMatch((await ask()).stdout, /\beve\b/)
  })

  it('finds that the guard is gone, by its absence and by what is then possible', async () => {
    const policy = `${install.install}-guard-provisioner-bindings`
    const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${policy}`
    await api.call('DELETE', path)
    await says(
      new RegExp(
        `✗ guard: nothing keeps the provisioner from this: bind a ServiceAccount that is no session\n {4}→ .*${completed}`,
      ),
      1,
    )
    assert.match((await ask()).stdout, new RegExp(`✗ guard: there is no ValidatingAdmissionPolicyBinding ${policy}`))
    await again()
    await says(/✓ guard: \d+ writes were tried/, 0)
  })

  it('finds that the guard takes the API server for another', async () => {
    const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${install.install}-guard-provisioner-sessions`
    const { spec } = v.parse(Policy, await api.call('GET', path))
    const at = spec.variables.findIndex(({ name }) => name === 'audiences')
    await api.call('PATCH', path, {
      contentType: 'application/json-patch+json',
      body: [{ op: 'replace', path: `/spec/variables/${at}/expression`, value: '["https://elsewhere.example"]' }],
    })
    const { stdout, code } = await ask()
    assert.equal(code, 1)
    assert.match(
      stdout,
      /✗ tokens: the guard refuses every session: the API server's tokens are for (\S+)\n {4}→ write audiences: \[\1\] into guard\.yaml .* apply this version again \(an overlay: after `make overlay/,
    )
    await again()
    await says(/✓ tokens/, 0)
  })

  it('finds what is gone, and a schedule that stands still', async () => {
    const { system } = install.namespaces
    await install.kubectl('delete', 'trigger', 'logout', '-n', system)
    await install.kubectl('patch', 'cronjob', 'tick', '-n', system, '-p', '{"spec":{"suspend":true}}')
    const { stdout, code } = await ask()
    assert.equal(code, 1)
    assert.match(stdout, /\nfailures: 1, warnings: 1\n$/)
    assert.match(stdout, new RegExp(`✗ Knative: there is no Trigger logout in ${system}\n`))
    assert.match(stdout, new RegExp(`! workloads: CronJob tick in ${system} is suspended\n {4}→ kubectl patch cronjob`))
    await again()
    // No manifest says whether it is suspended, so that no apply undoes it: hence another advice.
    await says(/! workloads/, 0)
    await install.kubectl('patch', 'cronjob', 'tick', '-n', system, '-p', '{"spec":{"suspend":false}}')
    await says(/✓ workloads/, 0)
  })

  it('finds functions that began before the configuration was changed, or that do not say with which', async () => {
    const { install: name, namespaces } = install
    const merge = (path: string, body: object) =>
      api.call('PATCH', path, { contentType: 'application/merge-patch+json', body })
    const map = `/api/v1/namespaces/${namespaces.system}/configmaps/${name}-config`
    await merge(map, { data: { 'values.yaml': 'login: { hold: 20s }' } })
    const { stdout, code } = await ask()
    assert.equal(code, 1)
    assert.match(
      stdout,
      /✗ configuration: the configuration that is applied is not that of login, provisioner, .*\n {4}→ apply this version again \(an overlay: after `make overlay/,
    )
    assert.match(stdout, /\nfailures: 1, warnings: 0\n$/)
    await merge(map, { data: { 'values.yaml': '# Nothing.' } })
    await says(/✓ configuration/, 0)

    const service = `/apis/serving.knative.dev/v1/namespaces/${namespaces.system}/services/logout`
    const annotations = (value: string | null) => ({
      spec: { template: { metadata: { annotations: { 'tka.dev/config': value } } } },
    })
    await merge(service, annotations(null))
    await says(
      new RegExp(
        `! configuration: nothing says with which configuration these began: logout\n {4}→ ${completed}.*render\\.ts`,
      ),
      0,
    )
    await again()
    await says(/✓ configuration/, 0)
  })

  it('finds a key that nobody believes, without a word of it', async () => {
    const path = `/api/v1/namespaces/${install.namespaces.system}/configmaps/${install.install}-public-keys`
    const before = v.parse(Secret, await api.call('GET', path)).data
    const set = (data: unknown) =>
      api.call('PATCH', path, { contentType: 'application/merge-patch+json', body: { data } })
    const keys: { function: string }[] = JSON.parse(before['jwks.json'] ?? '').keys
    await set({ 'jwks.json': JSON.stringify({ keys: keys.filter(key => key.function !== 'logout') }) })
    const { stdout } = await ask()
    assert.match(
      stdout,
      /✗ keys: nobody believes logout: its key logout-\S+ is not published for it\n {4}→ kubectl create job/,
    )
    assert.doesNotMatch(stdout, /"d":/)
    await set(before)
    await says(/✓ keys/, 0)
  })

  it('finds that the policies do not let out to where DNS listens', async () => {
    const slices = '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices'
    const name = `${install.install}-dns`
    // As behind a real Service, on the port that every install here lets out to.
    await api.call('POST', slices, {
      body: {
        metadata: { name, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.53'] }],
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'metrics', port: 9153, protocol: 'TCP' },
        ],
      },
    })
    try {
      await says(/✓ network/, 0)
      const { system } = install.namespaces
      await api.call('PATCH', `/apis/networking.k8s.io/v1/namespaces/${system}/networkpolicies/names-and-broker`, {
        contentType: 'application/json-patch+json',
        body: [{ op: 'replace', path: '/spec/egress/0/ports/0/port', value: 5353 }],
      })
      await says(
        new RegExp(
          `! network: no NetworkPolicy of ${system} lets provisioner, logout, sweeper, deadletter out to UDP port 53, where the cluster’s DNS listens\n {4}→ patch NetworkPolicy names-and-broker`,
        ),
        0,
      )
      await again()
      await says(/✓ network/, 0)
    } finally {
      await api.call('DELETE', `${slices}/${name}`)
    }
  })

  it('says so where there is nothing to look at', async () => {
    const { code, stderr } = await runProgram(process.execPath, [
      main,
      '--kubeconfig',
      lab.kubeconfig,
      '--namespace',
      'nowhere',
    ])
    assert.deepEqual([code, stderr], [2, 'there is no ConfigMap tka-config in namespace nowhere\n'])
  })
})
