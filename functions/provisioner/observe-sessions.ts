import type { ProvisionerDeps } from './provisioner-deps.ts'

/** Shows how many sessions are live, by role, and whether the guard is in doubt. */
export function observeSessions({
  view,
  config,
  metrics,
  guardDoubt,
}: Pick<ProvisionerDeps, 'view' | 'config' | 'metrics' | 'guardDoubt'>): void {
  metrics.observe('tka.sessions.live', () => {
    // Every role on offer is shown, also where nobody has it; one that no longer is on offer is `other`.
    const live = new Map([...config.roles.map(({ name }) => name), 'other'].map(role => [role, 0]))
    for (const name of view.names()) {
      const { lease } = view.know(name)
      if (lease?.phase !== 'live') continue
      const role = live.has(lease.role) ? lease.role : 'other'
      live.set(role, (live.get(role) ?? 0) + 1)
    }
    return [...live].map(([role, value]) => ({ value, attributes: { role } }))
  })
  metrics.observe('tka.guard.in.doubt', () => [{ value: guardDoubt() === undefined ? 0 : 1, attributes: {} }])
}
