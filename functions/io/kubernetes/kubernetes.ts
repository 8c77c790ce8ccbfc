import type {
  AuthorizationV1Api,
  CoordinationV1Api,
  CoreV1Api,
  HttpLibrary,
  RbacAuthorizationV1Api,
  RequestContext,
} from '@kubernetes/client-node'
import type { ClusterAccess } from './cluster-access.ts'
import { type Connection, connect } from './connection.ts'
import { readBody } from './read-body.ts'

/** Options of one call: every call ends with `signal` or after the connection's time limit. */
export interface CallOptions {
  readonly signal: AbortSignal
}

/** The generated APIs that we use, and what turns our call options into theirs. */
export interface Kubernetes extends Connection {
  readonly core: CoreV1Api
  readonly coordination: CoordinationV1Api
  readonly rbac: RbacAuthorizationV1Api
  readonly authorization: AuthorizationV1Api
  /** Per-call options of the generated client; `contentType` replaces its default, which for PATCH is JSON Patch. */
  call(options: CallOptions, contentType?: string): { readonly httpApi: HttpLibrary }
}

export const mergePatch = 'application/merge-patch+json'

/** Connects to the API server. The client library is loaded here and not at import: it is the biggest dependency of a start. */
export async function connectKubernetes(
  access: ClusterAccess,
  options: { readonly timeoutMs?: number } = {},
): Promise<Kubernetes> {
  const client = await import('./client-library.ts')
  const { transport, timeoutMs, [Symbol.dispose]: dispose } = connect(access, options)

  function call(callOptions: CallOptions, contentType?: string): { readonly httpApi: HttpLibrary } {
    const signal = AbortSignal.any([callOptions.signal, AbortSignal.timeout(timeoutMs)])
    const send = async (context: RequestContext) => {
      const url = new URL(context.getUrl())
      const body = context.getBody()
      const request = {
        method: context.getHttpMethod(),
        path: url.pathname + url.search,
        headers: contentType ? { ...context.getHeaders(), 'Content-Type': contentType } : context.getHeaders(),
        ...(typeof body === 'string' ? { body } : {}),
        signal,
      }
      const response = await transport.send(request)
      const answer = await readBody(response, request)
      return new client.ResponseContext(
        response.statusCode ?? 0,
        { 'content-type': response.headers['content-type'] ?? 'application/json' },
        {
          text: async () => answer,
          binary: async () => Buffer.from(answer),
          stream: () => new Blob([answer]).stream(),
        },
      )
    }
    return { httpApi: client.wrapHttpLibrary({ send }) }
  }

  const configuration = client.createConfiguration({
    baseServer: new client.ServerConfiguration(transport.server.origin, {}),
  })
  return {
    transport,
    core: new client.CoreV1Api(configuration),
    coordination: new client.CoordinationV1Api(configuration),
    rbac: new client.RbacAuthorizationV1Api(configuration),
    authorization: new client.AuthorizationV1Api(configuration),
    timeoutMs,
    call,
    [Symbol.dispose]: dispose,
  }
}
