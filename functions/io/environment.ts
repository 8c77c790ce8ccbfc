import { readFile } from 'node:fs/promises'

/** A process's environment, as an argument: nothing but a main.ts reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a variable that the manifest must set; throws an error that names it. */
function requireVariable(env: Environment, name: string): string {
  const value = env[name]
  if (!value) throw new Error(`${name} is not set: the manifest of this function sets it`)
  return value
}

/** Where a function sends its events. */
export interface Sink {
  readonly url: URL
  /** The authorities to know an https sink by, in PEM; those that Node knows, where it is not said. */
  readonly ca?: string
}

/**
 * The Broker's address, which a SinkBinding sets: `K_SINK`, and `K_CA_CERTS` where Eventing's transport encryption gives the Broker
 * a certificate of a CA of its own. Throws when it is missing or not http.
 */
export function sinkOf(env: Environment): Sink {
  const text = requireVariable(env, 'K_SINK')
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:')
    return { url, ...(env.K_CA_CERTS ? { ca: env.K_CA_CERTS } : {}) }
  throw new Error(`K_SINK must be an http or https URL, it is ${JSON.stringify(text)}`)
}

/**
 * Reads the token to send events with, where the manifest gives one (`TKA_SINK_TOKEN_FILE`, a projected ServiceAccount token for the
 * Broker's audience); the kubelet exchanges it, so it is read for each event.
 */
export function senderOf(env: Environment): () => Promise<Readonly<Record<string, string>>> {
  const file = env.TKA_SINK_TOKEN_FILE
  if (!file) return async () => ({})
  return async () => ({ authorization: `Bearer ${(await readFile(file, 'utf8')).trim()}` })
}

/** `PORT`, as Knative Serving sets it (8080 by default; 0 takes any that is free). */
export function portOf(env: Environment): number {
  return parsePort('PORT', env.PORT || '8080')
}

/** `TKA_METRICS_PORT`, where metrics are served (0 takes any that is free); `undefined` when nobody wants them. */
export function metricsPortOf(env: Environment): number | undefined {
  return env.TKA_METRICS_PORT ? parsePort('TKA_METRICS_PORT', env.TKA_METRICS_PORT) : undefined
}

function parsePort(name: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Error(`${name} must be a port number, it is ${JSON.stringify(text)}`)
}
