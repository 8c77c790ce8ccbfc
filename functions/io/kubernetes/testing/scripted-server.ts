import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import type { Connection } from '../connection.ts'
import type { ApiRequest } from '../transport.ts'

/** An API server whose every answer is given by the test, in the order of the requests. */
export function scriptedServer(t: TestContext) {
  const requests: URL[] = []
  const waiting: ((answer: Readable | Error) => void)[] = []
  const answers: (Readable | Error)[] = []
  const listeners = new Set<() => void>()
  const stop = new AbortController()
  t.after(() => stop.abort(new Error('the test is over')))
  const connection: Connection = {
    timeoutMs: 5_000,
    transport: {
      server: new URL('https://kubernetes.example.com'),
      async send({ path, signal }: ApiRequest) {
        requests.push(new URL(path, 'https://kubernetes.example.com'))
        for (const listener of listeners) listener()
        const given = answers.shift() ?? (await nextAnswer(signal))
        if (given instanceof Error) throw given
        return given as IncomingMessage
      },
      [Symbol.dispose]: () => undefined,
    },
    [Symbol.dispose]: () => undefined,
  }
  function nextAnswer(signal: AbortSignal): Promise<Readable | Error> {
    const { promise, resolve } = Promise.withResolvers<Readable | Error>()
    waiting.push(resolve)
    signal.addEventListener('abort', () => resolve(new Error('aborted')))
    return promise
  }
  const give = (answer: Readable | Error) => {
    const next = waiting.shift()
    if (next) next(answer)
    else answers.push(answer)
  }
  /** Resolves once the nth request is there. */
  const asked = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => {
      if (requests.length >= count) resolve()
    }
    listeners.add(check)
    check()
    return promise
  }
  return { connection, requests, give, asked, signal: stop.signal }
}

/** An object that has only a name and a version. */
export const named = (name: string, resourceVersion: number) => ({
  metadata: { name, resourceVersion: String(resourceVersion) },
})

/** The name of such an object. */
export const nameOf = (object: unknown) => (object as ReturnType<typeof named>).metadata.name

/** The last page of a list, or one that says where it goes on. */
export const list = (resourceVersion: number, items: readonly unknown[], next?: string) =>
  Readable.from([JSON.stringify({ metadata: { resourceVersion: String(resourceVersion), continue: next }, items })])
