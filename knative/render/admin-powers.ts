/** One rule of a ClusterRole (rbac.authorization.k8s.io/v1). */
export interface PolicyRule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** A right that amounts to more than it looks like: any of the verbs on any of the resources. */
export interface Power {
  readonly means: string
  readonly group: string
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const writes = ['create', 'update', 'patch', 'delete', 'deletecollection']

// Each is a way from "may do this in every namespace" to "may do everything".
const powers: readonly Power[] = [
  { means: 'reads Secrets', group: '', resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
  { means: 'mints tokens', group: '', resources: ['serviceaccounts/token'], verbs: ['create'] },
  {
    means: 'runs commands in Pods',
    group: '',
    resources: ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers', 'nodes/proxy'],
    verbs: ['get', ...writes],
  },
  {
    means: 'makes Pods',
    group: '',
    resources: ['pods', 'replicationcontrollers'],
    verbs: ['create', 'update', 'patch'],
  },
  {
    means: 'makes Pods',
    group: 'apps',
    resources: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
    verbs: ['create', 'update', 'patch'],
  },
  { means: 'makes Pods', group: 'batch', resources: ['cronjobs', 'jobs'], verbs: ['create', 'update', 'patch'] },
  {
    means: 'impersonates',
    group: '',
    resources: ['users', 'groups', 'serviceaccounts'],
    verbs: ['impersonate'],
  },
  {
    means: 'impersonates',
    group: 'authentication.k8s.io',
    resources: ['uids', 'userextras'],
    verbs: ['impersonate'],
  },
  {
    means: 'writes RBAC',
    group: 'rbac.authorization.k8s.io',
    resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
    verbs: [...writes, 'bind', 'escalate'],
  },
  {
    means: 'writes admission rules',
    group: 'admissionregistration.k8s.io',
    resources: [
      'validatingadmissionpolicies',
      'validatingadmissionpolicybindings',
      'mutatingwebhookconfigurations',
      'validatingwebhookconfigurations',
    ],
    verbs: writes,
  },
]

/** Which powers of an administrator a role's rules amount to when they hold in the whole cluster; empty when none. */
export function adminPowers(rules: readonly PolicyRule[]): readonly string[] {
  return [...new Set(powers.filter(power => rules.some(rule => gives(rule, power))).map(({ means }) => means))]
}

/** True when a rule gives any of a power. */
export function gives(rule: PolicyRule, power: Power): boolean {
  return (
    (rule.apiGroups ?? []).some(group => group === '*' || group === power.group) &&
    (rule.resources ?? []).some(resource => power.resources.some(wanted => covers(resource, wanted))) &&
    rule.verbs.some(verb => verb === '*' || power.verbs.includes(verb))
  )
}

// `*` is every resource and subresource; `*/token` that subresource of every resource.
function covers(resource: string, wanted: string): boolean {
  return resource === '*' || resource === wanted || (resource.startsWith('*/') && wanted.endsWith(resource.slice(1)))
}
