import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { LaptopResponse } from 'tsnet-node/testing'
import type { Cluster } from '../../cluster/cluster.ts'
import { openApiWithToken } from '../../kube/api.ts'
import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'

/** How one request for a session ended: with access, with a clear "later", or without an answer since the connection was lost. */
export type Attempt = 'granted' | 'later' | 'lost'

/** Asks once. Rejects on any answer but 202 and a 503 that says when to come back. */
export async function tryLogin(person: Person): Promise<Attempt> {
  const answer = await person.login().catch(() => undefined)
  if (answer === undefined) return 'lost'
  if (answer.status === 202) return 'granted'
  assert.equal(answer.status, 503, answer.body)
  assert.ok(Number(answer.headers['retry-after']) >= 1, 'a 503 says when to come back')
  return 'later'
}

/** The kubeconfig's final answer: whoever is told to come back, or loses the connection, asks again. */
export function askKubeconfig(person: Person): Promise<LaptopResponse> {
  return lastAnswer('an answer about the kubeconfig', () => person.request('GET', '/kubeconfig'), [202, 503])
}

/** Reads pods with what the body of a kubeconfig holds, then logs out; a logout whose answer was lost is asked for again. */
export async function useAndLeave(kubeconfig: string, person: Person, { apiServer }: Cluster): Promise<void> {
  const { users, contexts, 'current-context': current } = JSON.parse(kubeconfig)
  const { token } = users[contexts[current].user]
  using api = openApiWithToken(apiServer.url, await readFile(apiServer.caFile), token)
  await api.call('GET', '/api/v1/namespaces/default/pods')
  const { status, body } = await lastAnswer('an answer to the logout', () => person.logout(), [503])
  assert.equal(status, 200, body)
}

async function lastAnswer(
  what: string,
  ask: () => Promise<LaptopResponse>,
  later: readonly number[],
): Promise<LaptopResponse> {
  let last: LaptopResponse | undefined
  await waitUntil(
    what,
    async () => {
      last = await ask()
      return !later.includes(last.status) || `${last.status} ${last.body}`
    },
    { timeoutMs: 90_000, everyMs: 500 },
  )
  assert.ok(last)
  return last
}
