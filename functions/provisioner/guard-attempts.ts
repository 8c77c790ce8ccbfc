import type { Config } from '#core/config'
import { formatInstant } from '#core/instant'
import { annotation, ownerLabels } from '#core/session/labels'

/** A write that is tried without being kept. */
export interface GuardAttempt {
  /** What the write would do, for the log. */
  readonly what: string
  /** Path of the collection that the object would be created in. */
  readonly path: string
  readonly body: unknown
  /** True for the one write that a session needs; every other must be refused by the guard. */
  readonly allowed: boolean
}

const rbac = '/apis/rbac.authorization.k8s.io/v1'

/**
 * One write that must pass the guard, and one for each of its rules that must not, with roles that RBAC lets us bind: only then
 * does a refusal say something about the guard.
 */
export function guardAttempts(config: Config, now: number): readonly GuardAttempt[] {
  const { install, namespaces, roles, maxSessionSeconds } = config
  const person = `${install}-user-guard-proof`
  const soon = now + 60_000
  const late = now + maxSessionSeconds * 1000 + 24 * 3600_000
  const somewhere = roles.some(({ scope }) => scope === 'cluster') ? undefined : 'default'
  const role = (scope: 'cluster' | 'namespaced') => roles.find(offer => offer.scope === scope)?.name

  const metadata = (name: string, validUntil: number) => ({
    name,
    labels: ownerLabels(install),
    annotations: { [annotation.validUntil]: formatInstant(validUntil) },
  })
  const binding = (
    what: string,
    change: {
      name?: string
      validUntil?: number
      namespace?: string | undefined
      subjectNamespace?: string
      allowed?: boolean
    },
  ): GuardAttempt => {
    const namespace = 'namespace' in change ? change.namespace : somewhere
    return {
      what,
      path: namespace === undefined ? `${rbac}/clusterrolebindings` : `${rbac}/namespaces/${namespace}/rolebindings`,
      body: {
        metadata: {
          ...metadata(change.name ?? `${person}-0`, change.validUntil ?? soon),
          // Which object that is, the garbage collector asks; nothing is kept here.
          ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: namespaces.sessions, uid: 'guard-proof' }],
        },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: role(namespace === undefined ? 'cluster' : 'namespaced'),
        },
        subjects: [{ kind: 'ServiceAccount', name: person, namespace: change.subjectNamespace ?? namespaces.sessions }],
      },
      allowed: change.allowed ?? false,
    }
  }

  return [
    binding('bind a session', { allowed: true }),
    binding('bind a ServiceAccount that is no session', { subjectNamespace: namespaces.system }),
    binding("make a binding under another's name", { name: `${install}-guard-proof` }),
    binding('bind a session for longer than the longest session', { validUntil: late }),
    ...(role('namespaced') === undefined
      ? []
      : [binding('bind a session in a protected namespace', { namespace: namespaces.system })]),
    {
      what: 'make a ServiceAccount that is no session',
      path: `/api/v1/namespaces/${namespaces.sessions}/serviceaccounts`,
      body: { metadata: metadata(`${install}-guard-proof`, soon) },
      allowed: false,
    },
    {
      what: 'make a Lease that is no session',
      path: `/apis/coordination.k8s.io/v1/namespaces/${namespaces.sessions}/leases`,
      body: { metadata: metadata(`${install}-guard-proof`, soon) },
      allowed: false,
    },
  ]
}
