import { createServer, type IncomingMessage, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Config } from '#core/config'
import { Problem, problemBody } from '#core/problem'
import type { Connection } from './connection.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import type { TailnetEnv } from './tailnet-env.ts'

/** An HTTP server for connections that somebody else accepts. */
export interface TailnetServer {
  readonly server: Server
  /** Ends it: answers what is under way, for at most `ms`, and closes every connection. The caller has stopped accepting. */
  drain(ms: number): Promise<void>
}

/** What the server needs. */
export interface TailnetServerOptions {
  readonly app: Hono<TailnetEnv>
  readonly timeouts: Pick<Config['login'], 'headersTimeoutMs' | 'requestTimeoutMs' | 'keepAliveTimeoutMs'>
  readonly connectionOf: (request: IncomingMessage) => Connection
}

const sweepMs = 20
const largestHeadersBytes = 16 * 1024
/** How often Node looks for requests that take too long. */
const lookEveryMs = 1_000

/** Makes the server of one tailnet port. */
export function createTailnetServer({ app, timeouts, connectionOf }: TailnetServerOptions): TailnetServer {
  let underWay = 0
  let draining = false

  const listener = getRequestListener(
    (request, { incoming }) => {
      const message = incoming as IncomingMessage
      return hasOneHost(message) ? app.fetch(request, { connection: connectionOf(message) }) : badRequest()
    },
    { overrideGlobalObjects: false, errorHandler: refuseMalformed },
  )
  const server = createServer(
    {
      headersTimeout: timeouts.headersTimeoutMs,
      requestTimeout: timeouts.requestTimeoutMs,
      keepAliveTimeout: timeouts.keepAliveTimeoutMs,
      connectionsCheckingInterval: lookEveryMs,
      maxHeaderSize: largestHeadersBytes,
      // Without a Host it is refused below, with a body.
      requireHostHeader: false,
    },
    (request, response) => {
      underWay += 1
      response.once('close', () => {
        underWay -= 1
      })
      if (draining) response.setHeader('Connection', 'close')
      void listener(request, response)
    },
  )
  // Their size is limited; past a limit on their number Node would drop the rest, an Origin among them.
  server.maxHeadersCount = 0
  refuseUnreadable(server)

  return {
    server,
    async drain(ms) {
      draining = true
      const deadline = AbortSignal.timeout(ms)
      while (underWay > 0 && !deadline.aborted) {
        server.closeIdleConnections()
        await sleep(sweepMs)
      }
      server.closeAllConnections()
    },
  }
}

/** A server that two different names could be read for must not choose (RFC 9112, 3.2). */
function hasOneHost({ headersDistinct }: IncomingMessage): boolean {
  return headersDistinct.host?.length === 1
}

/** A Host or a target that is no part of a URL: such a request never becomes one of the app's. */
function refuseMalformed(error: unknown): Response {
  if (!(error instanceof RequestError)) throw error
  return badRequest()
}

function badRequest(): Response {
  const problem = new Problem('bad-request')
  return Response.json(problemBody(problem), { status: problem.kind.status, headers: { 'Cache-Control': 'no-store' } })
}
