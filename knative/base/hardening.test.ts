import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { functionNames } from '#events/functions'
import { stopMs } from '#io/run'
import { queueProxySeconds } from '../render/plain.ts'
import { readBase } from '../render/read-base.ts'
import { componentNames, readComponentResources } from '../render/read-components.ts'
import { podTemplates } from './pod-templates.ts'

const base = await readBase()

const Quantities = v.object({ cpu: v.optional(v.string()), memory: v.string() })
const Resources = v.object({ requests: Quantities, limits: Quantities })
const Ending = v.object({ timeoutSeconds: v.number() })
const Probed = v.object({
  readinessProbe: v.object({ httpGet: v.object({ path: v.literal('/health/readiness') }) }),
  livenessProbe: v.object({ httpGet: v.object({ path: v.literal('/health/liveness') }) }),
})

describe('the pods of the base', () => {
  for (const { workload, kind, spec } of podTemplates(base)) {
    it(`of ${workload} run as nobody, with nothing to write to and nothing to gain`, () => {
      for (const { name, securityContext } of spec.containers) {
        assert.deepEqual(
          securityContext,
          {
            runAsNonRoot: true,
            runAsUser: 65532,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
          name,
        )
      }
    })

    it(`of ${workload} say what they need, and are bounded`, () => {
      for (const { name, resources } of spec.containers) assert.ok(v.is(Resources, resources), name)
    })

    if (kind === 'Service')
      it(`of ${workload} are probed`, () => {
        for (const container of spec.containers) assert.ok(v.is(Probed, container), container.name)
      })

    // Serving makes it the pod's grace period, after which SIGKILL comes.
    if (kind === 'Service')
      it(`of ${workload} have the time to close`, () => {
        assert.ok(v.parse(Ending, spec).timeoutSeconds > queueProxySeconds + stopMs / 1000)
      })
  }

  // It recovers for up to a minute before it listens. Without, its livenessProbe would end it, and the next one, and so on.
  it('of provisioner have the time to start', () => {
    const Starting = v.object({
      startupProbe: v.object({ periodSeconds: v.literal(1), failureThreshold: v.pipe(v.number(), v.minValue(90)) }),
    })
    const { spec } = podTemplates(base).find(({ workload }) => workload === 'Service provisioner in tka-system') ?? {}
    assert.ok(v.is(Starting, spec?.containers[0]))
  })

  it('run our image, as those of the components do, or a released version of another', async () => {
    const components = (await Promise.all((await componentNames()).map(readComponentResources))).flat()
    for (const { workload, spec } of podTemplates([...base, ...components]))
      for (const { image } of spec.containers) assert.match(image, /^tka$|:v\d+\.\d+\.\d+$/, workload)
  })

  it('are as many as may be, and as few', () => {
    const Scaled = v.object({
      spec: v.object({ template: v.object({ metadata: v.object({ annotations: v.record(v.string(), v.string()) }) }) }),
    })
    const scales = base
      .filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev/'))
      .map(service => {
        const { annotations } = v.parse(Scaled, service).spec.template.metadata
        const scale = ['min', 'max'].map(end => annotations[`autoscaling.knative.dev/${end}-scale`])
        return [service.metadata.name, scale.join(' to ')]
      })
    assert.deepEqual(Object.fromEntries(scales), {
      login: '1 to 1',
      provisioner: '1 to 1',
      logout: '1 to 1',
      sweeper: '0 to 1',
      deadletter: '0 to 1',
    })
  })

  it('have an identity of their own each', () => {
    const templates = podTemplates(base)
    const accounts = templates.map(({ spec }) => spec.serviceAccountName)
    // The Job that makes keys and the CronJob that rotates them are one program.
    assert.equal(new Set(accounts).size, templates.length - 1)
    assert.ok(!accounts.includes('default'))
  })
})

describe('the namespaces of the base', () => {
  it('let nothing but restricted pods in', () => {
    const namespaces = base.filter(({ kind }) => kind === 'Namespace')
    assert.equal(namespaces.length, 2)
    for (const { metadata } of namespaces)
      for (const mode of ['enforce', 'audit', 'warn'])
        assert.equal(metadata.labels?.[`pod-security.kubernetes.io/${mode}`], 'restricted', metadata.name)
  })

  it('are closed to the network, but for what a policy names', () => {
    const closed = base.filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'default-deny')
    assert.deepEqual(
      closed.map(({ metadata, spec }) => [metadata.namespace, spec]),
      ['tka-system', 'tka'].map(name => [name, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }]),
    )
  })
})

describe('the order of the base', () => {
  const Bound = v.object({ spec: v.object({ subject: v.object({ kind: v.string(), name: v.optional(v.string()) }) }) })
  const at = (kind: string, name: string) =>
    base.findIndex(manifest => manifest.kind === kind && manifest.metadata.name === name)

  it('has what gives K_SINK before what takes it, so that no pod begins without', () => {
    const bindings = base.filter(({ kind }) => kind === 'SinkBinding')
    assert.equal(bindings.length, functionNames.length + 1)
    for (const binding of bindings) {
      const { kind, name } = v.parse(Bound, binding).spec.subject
      // Jobs are bound by label: those that the CronJob of that name makes.
      const taker = name === undefined ? at('CronJob', binding.metadata.name) : at(kind, name)
      const giver = base.indexOf(binding)
      assert.ok(at('Broker', 'tka') < giver && giver < taker, binding.metadata.name)
    }
  })
})

describe('the rights of the base', () => {
  it('name every resource and every verb', () => {
    const roles = base.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    assert.ok(roles.length >= 7)
    for (const role of roles) assert.doesNotMatch(JSON.stringify(role.rules), /"[^"]*\*[^"]*"/, role.metadata.name)
  })
})
