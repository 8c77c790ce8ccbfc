import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import type { PodInstall } from '../pod-stand.ts'
import { replaceRevisions } from '../replace-revisions.ts'
import { nodeHolder } from './login-node.ts'

/**
 * Brings about what gives every function another revision, and waits until each has one, no pod of those before is left, and the new
 * login is the tailnet node and answers this person.
 */
export async function replaceAll(pods: PodInstall, person: Person, change: () => Promise<void>): Promise<void> {
  const held = await nodeHolder(pods)
  await replaceRevisions(pods.install, change)
  await waitUntil('the new login to hold the tailnet node', async () => {
    const now = await nodeHolder(pods)
    return (now !== undefined && now !== held) || `${now} holds it`
  })
  await waitUntil('login to answer', async () => {
    const { status } = await person.request('GET', '/login')
    return status === 200 || `it answers ${status}`
  })
}
