import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { functionNames } from '#events/functions'
import { annotatedConfig } from './config-annotation.ts'
import { type Manifest, describe as nameOf } from './manifest.ts'
import { type InstallDescription, render } from './render.ts'

const ours = {
  config: {
    install: 'blue',
    namespaces: { system: 'blue-sys', sessions: 'people' },
    maxSession: '1h',
    roles: [
      { name: 'reader', scope: 'cluster', maxPeriod: '1h' },
      { name: 'deployer', scope: 'namespaced', maxPeriod: '30m' },
      { name: 'reader', scope: 'namespaced', maxPeriod: '1h' },
    ],
  },
  image: 'registry.example.com/tka:7',
  adminGroups: ['platform'],
  adminUsers: ['ops@example.com'],
}

function find(manifests: readonly Manifest[], name: string): Manifest {
  const found = manifests.find(manifest => nameOf(manifest) === name)
  assert.ok(found, `no ${name} among: ${manifests.map(nameOf).join('; ')}`)
  return found
}

const Policy = v.object({
  spec: v.object({ variables: v.array(v.object({ name: v.string(), expression: v.string() })) }),
})

// Those that are values, not expressions over the request.
function variablesOf(manifests: readonly Manifest[], policy: string): Readonly<Record<string, string>> {
  const { variables } = v.parse(Policy, find(manifests, `ValidatingAdmissionPolicy ${policy}`)).spec
  const isValue = (expression: string) => /^(["[0-9]|duration\(")/.test(expression)
  return Object.fromEntries(
    variables.filter(({ expression }) => isValue(expression)).map(({ name, expression }) => [name, expression]),
  )
}

describe('render', () => {
  it('gives every cluster-scoped object the prefix of the install', async () => {
    const { manifests } = await render(ours)
    const clusterScoped = manifests.filter(
      ({ kind, metadata }) => metadata.namespace === undefined && kind !== 'Namespace',
    )
    assert.ok(clusterScoped.length >= 12)
    for (const manifest of clusterScoped) assert.match(manifest.metadata.name, /^blue-/, nameOf(manifest))
  })

  it('leaves no trace of the default names behind', async () => {
    const { manifests } = await render(ours)
    for (const manifest of manifests) {
      const text = JSON.stringify(manifest)
      assert.doesNotMatch(text, /tka-(?!user-alice)/, nameOf(manifest))
      assert.doesNotMatch(
        text,
        /"namespace":"tka"|\\"tka\\"|"kubernetes.io\/metadata.name":"tka"|serviceaccounts?:tka/,
        nameOf(manifest),
      )
      assert.equal(manifest.metadata.labels?.['app.kubernetes.io/instance'], 'blue', nameOf(manifest))
    }
    assert.deepEqual(
      [...new Set(manifests.map(({ metadata }) => metadata.namespace))].sort(),
      ['blue-sys', 'people', undefined].sort(),
    )
  })

  it('limits the provisioner and the guard by the one list of offered roles', async () => {
    const { manifests } = await render(ours)
    const { rules } = find(manifests, 'ClusterRole blue-provisioner')
    assert.ok(Array.isArray(rules))
    assert.deepEqual(
      rules.filter(rule => rule.verbs.includes('bind')),
      [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['clusterroles'],
          resourceNames: ['deployer', 'reader'],
          verbs: ['bind'],
        },
      ],
    )
    assert.deepEqual(variablesOf(manifests, 'blue-guard-provisioner-bindings'), {
      install: '"blue"',
      prefix: '"blue-user-"',
      sessions: '"people"',
      system: '"blue-sys"',
      clusterRoles: '["reader"]',
      namespacedRoles: '["deployer","reader"]',
      longestSession: 'duration("3660s")',
    })
    assert.deepEqual(variablesOf(manifests, 'blue-guard-others-bindings'), { sessions: '"people"' })
    assert.deepEqual(variablesOf(manifests, 'blue-guard-others-sessions'), {
      adminGroups: '["platform"]',
      adminUsers: '["ops@example.com"]',
    })
  })

  it('never limits tokens below the shortest that the API server gives', async () => {
    const { manifests } = await render({ config: { period: { minimum: '2s' }, maxSession: '5s' } })
    const { longestSession, longestTokenSeconds } = variablesOf(manifests, 'tka-guard-provisioner-sessions')
    assert.equal(longestSession, 'duration("65s")')
    assert.equal(longestTokenSeconds, '600')
  })

  it('keeps the comments of config.yaml and replaces only what is given', async () => {
    const { manifests } = await render({ config: { period: { minimum: '1s' }, expiryTimers: false } })
    const text = JSON.stringify(find(manifests, 'ConfigMap tka-config in tka-system').data)
    assert.match(text, /# No session lives longer/)
    assert.match(text, /period: { minimum: 1s, maximum: 24h }/)
    assert.match(text, /expiryTimers: false/)
  })

  it('says in the template of every function, and nowhere else, which configuration it has', async () => {
    const annotated = async (description: InstallDescription) => {
      const { manifests } = await render(description)
      const found = manifests.filter(manifest => JSON.stringify(manifest).includes('"tka.dev/config":'))
      assert.deepEqual(found.map(nameOf).sort(), functionNames.map(name => `Service ${name} in tka-system`).sort())
      return new Set(found.map(annotatedConfig))
    }
    const shipped = await annotated({})
    assert.equal(shipped.size, 1)
    assert.deepEqual(await annotated({ image: 'registry.example.com/tka:8', config: { maxSession: '24h' } }), shipped)
    const narrowed = await annotated({ config: { maxSession: '8h' } })
    assert.equal(narrowed.size, 1)
    assert.notDeepEqual(narrowed, shipped)
  })

  it('puts the image everywhere', async () => {
    const { manifests } = await render(ours)
    const images = JSON.stringify(manifests).match(/"image":"[^"]*"/g)
    assert.deepEqual(images, Array(8).fill('"image":"registry.example.com/tka:7"'))
  })

  it('refuses to offer unmarked in the whole cluster what amounts to cluster-admin', async () => {
    const roles = [{ name: 'edit', scope: 'cluster', maxPeriod: '1h' }]
    await assert.rejects(
      render({ config: { roles } }),
      /^Error: role edit, scope cluster: in the whole cluster this amounts/,
    )
    await render({ config: { roles: roles.map(role => ({ ...role, clusterAdminEquivalent: true })) } })
  })

  it('refuses a configuration with which the functions would not start', async () => {
    await assert.rejects(render({ config: { maxSession: 'a day' } }), /maxSession must be a duration/)
    await assert.rejects(render({ config: { colour: 'blue' } }), /colour is not a field of the configuration/)
  })
})
