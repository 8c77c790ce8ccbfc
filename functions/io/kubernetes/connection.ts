import type { ClusterAccess } from './cluster-access.ts'
import { createTransport, type Transport } from './transport.ts'

/** A way to the API server for those who read plain JSON, page by page, and make no objects of it. */
export interface Connection extends Disposable {
  readonly transport: Transport
  /** How long one call may take, in milliseconds. */
  readonly timeoutMs: number
}

/** Opens the way; nothing is sent before the first call. */
export function connect(access: ClusterAccess, options: { readonly timeoutMs?: number } = {}): Connection {
  const transport = createTransport(access)
  return {
    transport,
    timeoutMs: options.timeoutMs ?? 5_000,
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}
