import { setTimeout as sleep } from 'node:timers/promises'
import type { LaptopResponse } from 'tsnet-node/testing'
import type { Person } from '../lab/person.ts'

/** What the published client prints when it gives up: the server's `message`. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp'
}

/** The commands of TKA's published command-line client, as they are on the wire (api-v1alpha1, "What the published client does"). */
export interface PublishedClient {
  /** Answers the body of the 202; sent once, never again. */
  login(): Promise<unknown>
  /** Asks until there is a kubeconfig; answers its JSON text, undecoded. */
  kubeconfig(): Promise<string>
  /** Answers the body of the 200. */
  logout(): Promise<unknown>
  /** Logout, login and kubeconfig without a pause between them. */
  reauthenticate(): Promise<string>
}

/** Waits between its eight questions for the kubeconfig, in milliseconds. */
const waits = [200, 400, 600, 1_000, 1_800, 3_400, 6_600, 13_000]

/** Go's HTTP client: no Accept, no Content-Type, no Origin; this client writes the port into Host, also the scheme's own. */
const headersFor = (host: string) => ({
  host: `${host}:80`,
  'user-agent': 'Go-http-client/1.1',
  'accept-encoding': 'gzip',
})

/** The published client at a person's laptop, for the login node of that name. */
export function publishedClient(person: Person, host: string): PublishedClient {
  const send = (method: string, path: string) => person.request(method, path, headersFor(host))

  const once = async (path: string, ...expected: readonly number[]) => {
    const { status, body } = await send('POST', path)
    if (!expected.includes(status)) throw new GaveUp(messageOf(body))
    return JSON.parse(body)
  }

  const client: PublishedClient = {
    login: () => once('/login', 201, 202),
    logout: () => once('/logout', 200),
    kubeconfig: async () => {
      let last = ''
      for (const wait of waits) {
        await sleep(wait)
        const answer = await send('GET', '/kubeconfig').catch((error: Error) => error)
        if (answer instanceof Error) last = answer.message
        else if (answer.status === 200 && isJson(answer.body)) return answer.body
        else {
          last = messageOf(answer.body)
          if (!askedAgain(answer)) break
        }
      }
      throw new GaveUp(last)
    },
    reauthenticate: async () => {
      await client.logout()
      await client.login()
      return client.kubeconfig()
    },
  }
  return client
}

/** It looks for the digits in all that it would print, whatever the status. */
function askedAgain({ status, body }: LaptopResponse): boolean {
  const retriable = [200, 202, 204, 400, 404, 429].includes(status) || status >= 500
  return retriable && !/401|403/.test(body)
}

function messageOf(body: string): string {
  return isJson(body) ? (JSON.parse(body).message ?? '') : ''
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
