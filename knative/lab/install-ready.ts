import * as v from 'valibot'
import { type Api, ApiError } from '../kube/api.ts'
import { pathOf } from '../kube/apply.ts'
import { Status } from '../kube/conditions.ts'
import { describe, type Manifest } from '../render/manifest.ts'
import { waitUntil } from './wait-until.ts'

const timeoutMs = 60_000

/** Waits until a Knative object says that it is Ready. */
export async function becomesReady(api: Api, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const path = pathOf(manifest)
  await waitUntil(
    describe(manifest),
    async signal => {
      const { conditions } = v.parse(Status, await api.call('GET', path, { signal })).status
      const ready = conditions.find(({ type }) => type === 'Ready')
      return ready?.status === 'True' || (ready?.message ?? ready?.reason ?? 'no Ready condition')
    },
    { signal, timeoutMs },
  )
}

/** Waits until the guard refuses, by dry run, what the provisioner must not do: policies count from about a second after. */
export async function guardHolds(
  api: Api,
  { install, system, provisioner }: { readonly install: string; readonly system: string; readonly provisioner: string },
  signal: AbortSignal,
): Promise<void> {
  const attempt = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `${install}-guard-probe` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: system }],
  }
  await waitUntil(
    `the guard of ${install}`,
    async signal => {
      try {
        await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
          query: { dryRun: 'All' },
          body: attempt,
          impersonate: { user: provisioner },
          signal,
        })
        return 'it let a forbidden binding through'
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        return error.message.includes(`${install}-guard-provisioner-bindings`) || error.message
      }
    },
    { signal, timeoutMs },
  )
}

const Namespace = v.object({ metadata: v.object({ deletionTimestamp: v.optional(v.string()) }) })

/** Waits until a namespace of an earlier install, if there is one, is no longer being deleted. */
export async function namespaceSettles(api: Api, name: string, signal: AbortSignal): Promise<void> {
  await waitUntil(
    `the end of an earlier namespace ${name}`,
    async signal => {
      try {
        const { metadata } = v.parse(Namespace, await api.call('GET', `/api/v1/namespaces/${name}`, { signal }))
        return metadata.deletionTimestamp === undefined || `being deleted since ${metadata.deletionTimestamp}`
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return true
        throw error
      }
    },
    { signal, timeoutMs },
  )
}
