import * as v from 'valibot'
import { type FunctionName, functionNames } from '#events/functions'
import type { Api } from '../../kube/api.ts'
import { type Check, type Finding, fine, warning } from '../finding.ts'

const protocol = v.optional(v.string(), 'TCP')
const Slices = v.object({
  items: v.array(
    v.object({ ports: v.nullish(v.array(v.object({ name: v.optional(v.string()), port: v.number(), protocol })), []) }),
  ),
})
const PolicyPort = v.object({
  protocol,
  port: v.optional(v.union([v.number(), v.string()])),
  endPort: v.optional(v.number()),
})
const Rule = v.object({
  to: v.optional(v.array(v.object({ ipBlock: v.optional(v.unknown()) })), []),
  ports: v.optional(v.array(PolicyPort)),
})
const Selector = v.object({
  matchLabels: v.optional(v.record(v.string(), v.string()), {}),
  matchExpressions: v.optional(
    v.array(v.object({ key: v.string(), operator: v.string(), values: v.optional(v.array(v.string()), []) })),
    [],
  ),
})
const Policies = v.object({
  items: v.array(
    v.object({
      spec: v.object({
        podSelector: Selector,
        policyTypes: v.optional(v.array(v.string()), []),
        egress: v.optional(v.array(Rule), []),
      }),
    }),
  ),
})

interface Port {
  readonly port: number
  readonly protocol: string
}

/** What functions must reach, which of them, where its addresses are written down, and which of our policies is to let them out. */
const reached = [
  {
    what: 'the API server',
    by: functionNames.filter(name => name !== 'deadletter'),
    services: [['default', 'kubernetes']],
    policy: 'api-server',
  },
  {
    what: 'the cluster’s DNS',
    by: functionNames,
    services: [
      ['kube-system', 'kube-dns'],
      ['openshift-dns', 'dns-default'],
    ],
    policy: 'names-and-broker',
  },
] as const

/**
 * The NetworkPolicies let out what the functions need, by the ports behind its Services: those are what a network plug-in judges
 * that looks at a packet after the Service's address has been replaced. Whether the cluster has such a one, nobody says.
 */
export const network: Check = {
  name: 'network',
  look: async ({ api, config }) => {
    const { system } = config.namespaces
    const policies = v.parse(
      Policies,
      await api.call('GET', `/apis/networking.k8s.io/v1/namespaces/${system}/networkpolicies`),
    ).items
    const egress = policies.filter(({ spec }) => spec.policyTypes.includes('Egress'))
    const isOpen = (name: FunctionName, port: Port) => {
      const ofIt = egress.filter(({ spec }) => selects(spec.podSelector, name))
      return ofIt.length === 0 || ofIt.some(({ spec }) => spec.egress.some(rule => letsOut(rule, port)))
    }
    const looked = await Promise.all(
      reached.map(async ({ what, by, services, policy }) => {
        const ports = await Promise.all(services.map(([namespace, name]) => portsBehind(api, namespace, name)))
        const findings = ports.flat().flatMap((port): readonly Finding[] => {
          const closed = by.filter(name => !isOpen(name, port))
          if (closed.length === 0) return []
          const value = `{ protocol: ${port.protocol}, port: ${port.port} }`
          return [
            warning(
              `no NetworkPolicy of ${system} lets ${closed.join(', ')} out to ${port.protocol} port ${port.port}, where ${what} listens`,
              `patch NetworkPolicy ${policy} in your overlay: { op: add, path: /spec/egress/0/ports/-, value: ${value} }`,
            ),
          ]
        })
        const where = services.map(service => service.join('/')).join(' or ')
        const says =
          ports.flat().length > 0 ? `let out to ${what}` : `not compared with ${what}: no port behind ${where}`
        return { findings, says }
      }),
    )
    const findings = looked.flatMap(({ findings }) => findings)
    return findings.length > 0 ? findings : fine(`NetworkPolicies: ${looked.map(({ says }) => says).join('; ')}`)
  },
}

/** True when a selector takes a function's pods, by the labels that they have. */
function selects({ matchLabels, matchExpressions }: v.InferOutput<typeof Selector>, name: FunctionName): boolean {
  const labels = new Map<string, string>([
    ['app.kubernetes.io/name', name],
    ['serving.knative.dev/service', name],
  ])
  const isMet = ({ key, operator, values }: (typeof matchExpressions)[number]) => {
    const value = labels.get(key)
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      default:
        return value === undefined
    }
  }
  return Object.entries(matchLabels).every(([key, value]) => labels.get(key) === value) && matchExpressions.every(isMet)
}

/**
 * True when a rule is open at that port. To whom, counts only where it names no port: our own such rule is open to the Broker alone,
 * and others to an address.
 */
function letsOut({ to, ports }: v.InferOutput<typeof Rule>, { port, protocol }: Port): boolean {
  if (ports === undefined) return to.length === 0 || to.some(({ ipBlock }) => ipBlock !== undefined)
  return ports.some(allowed => {
    if (allowed.protocol !== protocol) return false
    const { port: first, endPort: last = first } = allowed
    return first === undefined || (typeof first === 'number' && first <= port && port <= Number(last))
  })
}

/** The ports of what stands behind a Service, each once; none where there is no such Service. */
async function portsBehind(api: Api, namespace: string, service: string): Promise<readonly Port[]> {
  const slices = await api.call('GET', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    query: { labelSelector: `kubernetes.io/service-name=${service}` },
  })
  const ports = v
    .parse(Slices, slices)
    .items.flatMap(({ ports }) => ports ?? [])
    // A DNS server's figures are not its names.
    .filter(({ name }) => name !== 'metrics')
  return ports.filter(({ port, protocol }, at) => {
    return ports.findIndex(other => other.port === port && other.protocol === protocol) === at
  })
}
