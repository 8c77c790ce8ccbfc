import { createServer, type IncomingMessage, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Config } from '#core/config'
import { Problem, problemBody } from '#core/problem'
import type { Connection } from './connection.ts'
import type { TailnetEnv } from './tailnet-app.ts'

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

/** Makes the server of one tailnet port. */
export function createTailnetServer({ app, timeouts, connectionOf }: TailnetServerOptions): TailnetServer {
  let underWay = 0
  let draining = false

  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, { connection: connectionOf(incoming as IncomingMessage) }),
    { overrideGlobalObjects: false, errorHandler: refuseMalformed },
  )
  const server = createServer(
    {
      headersTimeout: timeouts.headersTimeoutMs,
      requestTimeout: timeouts.requestTimeoutMs,
      keepAliveTimeout: timeouts.keepAliveTimeoutMs,
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

/** A Host or a target that is no part of a URL: such a request never becomes one of the app's. */
function refuseMalformed(error: unknown): Response {
  if (!(error instanceof RequestError)) throw error
  const problem = new Problem('bad-request')
  return Response.json(problemBody(problem), { status: problem.kind.status, headers: { 'Cache-Control': 'no-store' } })
}
