import { functionNames } from '#events'
import type { ClusterInstall } from '../cluster/install.ts'
import { waitUntil } from '../lab/wait-until.ts'

/** The revision that each function has now, the last that was ready. */
export function revisions({ kubectl, namespaces }: ClusterInstall): Promise<readonly string[]> {
  const path = 'jsonpath={.status.latestReadyRevisionName}'
  return Promise.all(functionNames.map(name => kubectl('get', 'ksvc', name, '-n', namespaces.system, '-o', path)))
}

/** Brings about what gives every function another revision, and waits until each has one, and no pod of those before is left. */
export async function replaceRevisions(install: ClusterInstall, change: () => Promise<void>): Promise<void> {
  const before = await revisions(install)
  await change()
  await waitUntil('a new revision of every function', async () => {
    const same = (await revisions(install)).filter(name => before.includes(name))
    return same.length === 0 || same.join(', ')
  })
  const old = `serving.knative.dev/revision in (${before.join(',')})`
  const left = () => install.kubectl('get', 'pods', '-n', install.namespaces.system, '-l', old, '-o', 'name')
  const wait = { timeoutMs: 120_000, everyMs: 500 }
  await waitUntil('no pod of before to be left', async () => (await left()) || true, wait)
}
