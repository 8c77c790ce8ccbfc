import { functionNames } from '#events'
import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import type { PodInstall } from '../pod-stand.ts'
import { nodeHolder } from './login-node.ts'

/**
 * Brings about what gives every function another revision, and waits until each has one, no pod of those before is left, and the new
 * login is the tailnet node and answers this person.
 */
export async function replaceAll(pods: PodInstall, person: Person, change: () => Promise<void>): Promise<void> {
  const { kubectl, namespaces } = pods.install
  const inSystem = ['-n', namespaces.system] as const
  const latest = (name: string) =>
    kubectl('get', 'ksvc', name, ...inSystem, '-o', 'jsonpath={.status.latestReadyRevisionName}')
  const before = await Promise.all(functionNames.map(latest))
  const held = await nodeHolder(pods)
  await change()
  for (const [index, name] of functionNames.entries())
    await waitUntil(`a new revision of ${name}`, async () => (await latest(name)) !== before[index] || 'the old one')
  await waitUntil('the new login to hold the tailnet node', async () => {
    const now = await nodeHolder(pods)
    return (now !== undefined && now !== held) || `${now} holds it`
  })
  await waitUntil('login to answer', async () => {
    const { status } = await person.request('GET', '/login')
    return status === 200 || `it answers ${status}`
  })
  const old = `serving.knative.dev/revision in (${before.join(',')})`
  const wait = { timeoutMs: 120_000, everyMs: 500 }
  await waitUntil(
    'no pod of before to be left',
    async () => (await kubectl('get', 'pods', ...inSystem, '-l', old, '-o', 'name')) || true,
    wait,
  )
}
