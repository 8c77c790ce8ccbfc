import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { isFresh } from '../is-fresh.ts'

/** How a pod reaches its cluster's API server: address, the CA that signs it, and the pod's own ServiceAccount token. */
export interface ClusterAccess {
  readonly server: URL
  /** PEM. */
  readonly ca: string
  /** The token as the kubelet last wrote it: it is exchanged while the pod runs. */
  readonly readToken: () => Promise<string>
}

const mountedServiceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How long a token is used before the file is looked at again; the kubelet exchanges it at 80 % of an hour or more. */
const tokenFreshMs = 10_000

/**
 * Reads what the kubelet gives to every pod: `KUBERNETES_SERVICE_HOST`, `KUBERNETES_SERVICE_PORT` and the mounted ServiceAccount
 * (another directory with `TKA_SERVICE_ACCOUNT_DIR`). Throws when any of it is missing.
 */
export async function readClusterAccess(
  env: Readonly<Record<string, string | undefined>>,
  now: () => number = Date.now,
): Promise<ClusterAccess> {
  const host = required(env, 'KUBERNETES_SERVICE_HOST')
  const port = required(env, 'KUBERNETES_SERVICE_PORT')
  const directory = env.TKA_SERVICE_ACCOUNT_DIR ?? mountedServiceAccount
  const ca = await readFile(join(directory, 'ca.crt'), 'utf8')
  let token: string | undefined
  let readAt = 0
  const readToken = async () => {
    if (token !== undefined && isFresh(readAt, now(), tokenFreshMs)) return token
    const text = (await readFile(join(directory, 'token'), 'utf8')).trim()
    token = text
    readAt = now()
    return text
  }
  await readToken()
  return { server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`), ca, readToken }
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name]
  if (!value) throw new Error(`${name} is not set: this runs in a pod, whose kubelet sets it`)
  return value
}
