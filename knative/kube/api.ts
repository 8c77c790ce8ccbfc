import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { KubeConfig } from '@kubernetes/client-node'

/** The API server answered with an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** `reason` of the Status object, such as `NotFound`. */
  readonly reason: string

  constructor(what: string, status: number, reason: string, message: string) {
    super(`${what}: ${status} ${reason}: ${message}`)
    this.status = status
    this.reason = reason
  }
}

/** Whom to act as. */
export interface Impersonated {
  readonly user: string
  readonly groups?: readonly string[]
}

interface ApiCall {
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Content type of the body; a patch's kind. JSON by default. */
  readonly contentType?: string
  /** Acts as somebody else instead. */
  readonly impersonate?: Impersonated
  readonly signal?: AbortSignal
}

/** The few calls that are made here, with the rights of one user: no discovery. */
export interface Api extends Disposable {
  /** Resolves to the parsed answer, or to the text of `/readyz` and the like; rejects with {@link ApiError}, also after 30 s without an answer. */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, call?: ApiCall): Promise<unknown>
  /** Yields the watch events of one watch request until the API server ends it. */
  watch(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<unknown>
}

const callTimeoutMs = 30_000

/** Opens the API server that a kubeconfig names: kubectl's own (`KUBECONFIG`, `~/.kube/config`) where none is given. */
export async function openApi(kubeconfigFile?: string): Promise<Api> {
  const kubeconfig = new KubeConfig()
  if (kubeconfigFile === undefined) kubeconfig.loadFromDefault()
  else kubeconfig.loadFromFile(kubeconfigFile)
  const server = kubeconfig.getCurrentCluster()?.server
  if (server === undefined) throw new Error(`${kubeconfigFile ?? 'the kubeconfig'} names no cluster`)
  const { ca, cert, key, rejectUnauthorized, headers }: RequestOptions = await accessOf(kubeconfig)
  const agent = new Agent({
    keepAlive: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  })
  return connect(server, agent, headersOf(headers))
}

/** Opens the API server with a bearer token; every call ends with `signal`. */
export function openApiWithToken(server: string, ca: Uint8Array, token: string, signal?: AbortSignal): Api {
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(ca) })
  return connect(server, agent, { authorization: `Bearer ${token}` }, signal)
}

async function accessOf(kubeconfig: KubeConfig): Promise<RequestOptions> {
  const access: RequestOptions = {}
  await kubeconfig.applyToHTTPSOptions(access)
  return access
}

function headersOf(headers: RequestOptions['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )
}

function connect(server: string, agent: Agent, access: Readonly<Record<string, string>>, until?: AbortSignal): Api {
  const send = (method: string, path: string, call: ApiCall, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const url = new URL(path, server)
      for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
      const body = call.body === undefined ? undefined : JSON.stringify(call.body)
      const outgoing = request(url, {
        method,
        agent,
        signal,
        headers: {
          ...access,
          accept: 'application/json',
          ...(call.impersonate === undefined ? {} : impersonation(call.impersonate)),
          ...(body === undefined
            ? {}
            : { 'content-type': call.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      })
      outgoing.on('response', resolve).on('error', reject).end(body)
    })

  const refuse = async (what: string, response: IncomingMessage): Promise<never> => {
    const body = await text(response)
    const { reason, message } = statusOf(body)
    throw new ApiError(what, response.statusCode ?? 0, reason, message)
  }
  const succeeded = (response: IncomingMessage) => (response.statusCode ?? 0) < 400

  return {
    call: async (method, path, call = {}) => {
      const ends = [AbortSignal.timeout(callTimeoutMs), until, call.signal].filter(signal => signal !== undefined)
      const signal = AbortSignal.any(ends)
      const response = await send(method, path, call, signal)
      if (!succeeded(response)) return refuse(`${method} ${path}`, response)
      const body = await text(response)
      return response.headers['content-type']?.startsWith('application/json') ? JSON.parse(body) : body
    },
    async *watch(path, query, signal) {
      const response = await send('GET', path, { query: { ...query, watch: 'true' } }, signal)
      if (!succeeded(response)) await refuse(`watch ${path}`, response)
      const lines = createInterface({ input: response })
      try {
        for await (const line of lines) yield JSON.parse(line)
      } finally {
        // Whoever has seen enough leaves a request that ends later, with an error that nobody waits for.
        lines.on('error', () => {})
        response.destroy()
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

function impersonation({ user, groups = [] }: Impersonated): Record<string, string | string[]> {
  return { 'impersonate-user': user, ...(groups.length === 0 ? {} : { 'impersonate-group': [...groups] }) }
}

function statusOf(body: string): { readonly reason: string; readonly message: string } {
  try {
    const { reason = 'Unknown', message = '' } = JSON.parse(body)
    return { reason: String(reason), message: String(message) }
  } catch {
    return { reason: 'Unknown', message: body.slice(0, 200) }
  }
}
