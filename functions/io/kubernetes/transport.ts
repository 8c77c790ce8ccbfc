import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { callSpan } from './call-span.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { readBody } from './read-body.ts'
import { failureOf } from './read-failure.ts'

export interface ApiRequest {
  readonly method: string
  /** Path and query, from the root of the API server. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/** Requests to the API server over kept connections, under the pod's own token. */
export interface Transport extends Disposable {
  readonly server: URL
  /** Resolves with a 2xx whose body is still to be read (`readBody`); throws KubernetesError otherwise, or the signal's reason. */
  send(request: ApiRequest): Promise<IncomingMessage>
}

/** A burst waits for connections rather than opening one each: a TLS handshake costs more than most calls. */
const maxSockets = 48

/**
 * A transport of our own because @kubernetes/client-node 2 makes a new undici Agent, hence a new TLS connection, for each call
 * (`KubeConfig.applySecurityAuthentication`), which costs more than the call itself.
 */
export function createTransport(access: ClusterAccess): Transport {
  const agent = new Agent({
    ca: access.ca,
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
    scheduling: 'lifo',
  })

  async function send(request: ApiRequest): Promise<IncomingMessage> {
    request.signal.throwIfAborted()
    const token = await access.readToken()
    const response = await callSpan(access.server, request, () => exchange(agent, access.server, token, request))
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw failureOf(request, status, await readBody(response, request))
  }

  return { server: access.server, send, [Symbol.dispose]: () => agent.destroy() }
}

async function exchange(agent: Agent, server: URL, token: string, request: ApiRequest): Promise<IncomingMessage> {
  for (;;) {
    const { response, error, reusedSocket } = await attempt(agent, server, token, request)
    if (response) return response
    if (request.signal.aborted) throw request.signal.reason
    // The server may close an idle connection at the moment that we write to it: Node documents one more try for just that case.
    if (reusedSocket && error.code === 'ECONNRESET') continue
    throw new KubernetesError('unavailable', `${request.method} ${request.path}: ${error.code ?? error.message}`, {
      cause: error,
    })
  }
}

type Attempt =
  | { readonly response: IncomingMessage; readonly error?: never; readonly reusedSocket: boolean }
  | { readonly response?: never; readonly error: NodeJS.ErrnoException; readonly reusedSocket: boolean }

function attempt(agent: Agent, server: URL, token: string, request: ApiRequest): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>()
  const outgoing = httpsRequest(new URL(request.path, server), {
    agent,
    method: request.method,
    signal: request.signal,
    headers: {
      ...request.headers,
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      'user-agent': 'tka',
      ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }),
    },
  })
  outgoing.once('response', response => resolve({ response, reusedSocket: outgoing.reusedSocket }))
  outgoing.on('error', error => resolve({ error, reusedSocket: outgoing.reusedSocket }))
  outgoing.end(request.body)
  return promise
}
