// logout: from "this person wants out" to "revoke this session".
import { serviceAccountName } from '#core/names'
import { sourceOf } from '#events'
import { portOf } from '#io/environment'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { connectKubernetes } from '#io/kubernetes/kubernetes'
import { openSessionCluster } from '#io/kubernetes/session-cluster'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { run } from '#io/run'
import { handleLogout } from './handle.ts'

await run('logout', async ({ env, telemetry, resources }) => {
  const { log } = telemetry
  const { cluster, install, homeDomain, namespaces } = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'logout', log })
  const kubernetes = resources.use(await connectKubernetes(await readClusterAccess(env)))
  const { getLease } = openSessionCluster(kubernetes, { install, sessionsNamespace: namespaces.sessions })
  const handle = handleLogout({
    source: sourceOf(cluster, 'logout'),
    nameOf: person => serviceAccountName(person, { install, homeDomain }),
    getSession: getLease,
    now: Date.now,
  })
  const accept = ['dev.tka.logout.requested.v1'] as const
  const server = createEventServer({ function: 'logout', cluster, keys, telemetry, now: Date.now, accept, handle })
  resources.use(await listen(server, { port: portOf(env), log }))
})
