import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

/** As much of a Kubernetes object as the lab looks at. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** The API server's refusal. */
class KubeError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The few calls with which the lab sets itself up. */
export interface KubeApi extends Disposable {
  /** One call; answers the parsed JSON, or the text of `/readyz` and the like. Throws {@link KubeError}. */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>
  /** Server-side apply, taking over every field it names. */
  apply(object: KubeObject, subresource?: 'status'): Promise<void>
}

/** How to reach the API server. */
export interface KubeApiOptions {
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly token: string
  readonly signal?: AbortSignal
}

/** A client for the lab's own set-up: no discovery, no watches. Each call is given 30 s. */
export function kubeApi({ url, ca, token, signal }: KubeApiOptions): KubeApi {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca })
  const call: KubeApi['call'] = async (method, path, body, contentType = 'application/json') => {
    const deadline = AbortSignal.timeout(30_000)
    const sent = request(new URL(path, url), {
      agent,
      method,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': contentType },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
    const answered = new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject)
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    const answer = await answered
    const words = await text(answer)
    const status = answer.statusCode ?? 0
    if (status >= 300) throw new KubeError(status, `${method} ${path}: ${status} ${messageOf(words)}`)
    return answer.headers['content-type']?.startsWith('application/json') ? JSON.parse(words) : words
  }
  return {
    call,
    apply: async (object, subresource) => {
      const path = `${pathOf(object)}${subresource ? `/${subresource}` : ''}?fieldManager=lab&force=true`
      await call('PATCH', path, object, 'application/apply-patch+yaml')
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** Kinds whose plural is not their name in lower case and an `s`. */
const plurals: Readonly<Record<string, string>> = { Endpoints: 'endpoints', EventPolicy: 'eventpolicies' }
const clusterScoped = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'ClusterRole',
  'ClusterRoleBinding',
])

/** The API server's path of an object. */
export function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const plural = plurals[kind] ?? `${kind.toLowerCase()}s`
  if (clusterScoped.has(kind)) return `${group}/${plural}/${metadata.name}`
  return `${group}/namespaces/${metadata.namespace ?? 'default'}/${plural}/${metadata.name}`
}

function messageOf(words: string): string {
  try {
    const status: unknown = JSON.parse(words)
    if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message)
  } catch {
    // not a Status
  }
  return words.slice(0, 300)
}
