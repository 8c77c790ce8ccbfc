import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Keyed, PodSpec, ProjectedSource, Volume } from './objects.ts'
import { writeMount } from './write-mount.ts'

/** A token and when to exchange it (epoch milliseconds). */
interface MintedToken {
  readonly token: string
  readonly renewAt: number
}

/** What mounts are made from. */
export interface MountSources {
  readonly namespace: string
  /** PEM of the API server's CA. */
  readonly ca: Uint8Array
  readonly configMap: (name: string) => Keyed | undefined
  readonly secret: (name: string) => Keyed | undefined
  /** Calls back after every change of a ConfigMap or Secret; returns the way to stop. */
  readonly onChange: (listener: () => void) => () => void
  /** TokenRequest for exactly this ServiceAccount. */
  readonly mintToken: (
    serviceAccount: string,
    request: { readonly expirationSeconds: number; readonly audience?: string | undefined },
    signal: AbortSignal,
  ) => Promise<MintedToken>
  /** Whether the ServiceAccount lets Pods have its token when they do not say. */
  readonly automounts: (serviceAccount: string, signal: AbortSignal) => Promise<boolean>
  readonly log: (line: string) => void
}

/** The mounted directories of one Pod: path in the container → path on this machine. */
export interface Mounts extends AsyncDisposable {
  readonly paths: ReadonlyMap<string, string>
}

const serviceAccountMount = '/var/run/secrets/kubernetes.io/serviceaccount'

const serviceAccountVolume: Volume = {
  name: 'shadow-api-access',
  configMap: undefined,
  secret: undefined,
  emptyDir: undefined,
  projected: {
    sources: [
      {
        configMap: undefined,
        secret: undefined,
        serviceAccountToken: { path: 'token', expirationSeconds: 3_607, audience: undefined },
        downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] },
      },
    ],
  },
}

/** Writes a Pod's volumes below `directory` and keeps them as their objects are, until disposed of. Waits for missing objects. */
export async function mountVolumes(
  pod: PodSpec,
  directory: string,
  sources: MountSources,
  signal: AbortSignal,
): Promise<Mounts> {
  const [container] = pod.containers
  const stop = new AbortController()
  const until = AbortSignal.any([signal, stop.signal])
  const volumes = new Map(pod.volumes.map(volume => [volume.name, volume]))
  const wanted = container.volumeMounts.map(mount => ({ path: mount.mountPath, volume: volumes.get(mount.name) }))
  const tokenWanted =
    !wanted.some(({ path }) => path === serviceAccountMount) &&
    (pod.automountServiceAccountToken ?? (await sources.automounts(pod.serviceAccountName, until)))
  if (tokenWanted) wanted.push({ path: serviceAccountMount, volume: serviceAccountVolume })

  const paths = new Map<string, string>()
  const kept = await Promise.all(
    wanted.map(async ({ path, volume }, index) => {
      const at = join(directory, `${index}-${volume?.name ?? 'volume'}`)
      paths.set(path, at)
      if (volume === undefined) throw new Error(`no volume for the mount at ${path}`)
      return keepMount(volume, at, { pod, sources, withCa: volume === serviceAccountVolume, signal: until })
    }),
  )
  return {
    paths,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.all(kept.map(({ ended }) => ended))
    },
  }
}

interface Keeping {
  readonly pod: PodSpec
  readonly sources: MountSources
  readonly withCa: boolean
  readonly signal: AbortSignal
}

interface Kept {
  /** Resolves when the mount is no longer kept current. */
  readonly ended: Promise<void>
}

// Resolves once the mount is written for the first time.
async function keepMount(volume: Volume, directory: string, keeping: Keeping): Promise<Kept> {
  const { sources, signal } = keeping
  const tokens = new Map<string, MintedToken>()
  let written: string | undefined
  const write = async (): Promise<boolean> => {
    const files = await filesOf(volume, tokens, keeping)
    if (files === undefined) return false
    const now = fingerprint(files)
    if (now !== written) await writeMount(directory, files)
    written = now
    return true
  }
  const changes = changeQueue(sources, signal)
  for (let waiting = false; !(await write()); waiting = true) {
    if (!waiting) sources.log(`waiting for the objects of volume ${volume.name}`)
    await changes.next()
    signal.throwIfAborted()
  }
  const keep = async (): Promise<void> => {
    while (!signal.aborted) {
      const renewAt = Math.min(...[...tokens.values()].map(token => token.renewAt))
      const renewal = new AbortController()
      const due = delay(Math.min(Math.max(renewAt - Date.now(), 0), 2 ** 31 - 1), undefined, {
        signal: AbortSignal.any([signal, renewal.signal]),
        ref: false,
      })
      await Promise.race([changes.next(), due.catch(() => undefined)])
      renewal.abort()
      if (signal.aborted) return
      for (const [path, token] of tokens) if (token.renewAt <= Date.now()) tokens.delete(path)
      await write().catch(error => {
        if (!signal.aborted) sources.log(`volume ${volume.name}: ${error}`)
      })
    }
  }
  return { ended: keep() }
}

// `next` resolves at the next change, at once when one came since it was last asked, and when the signal ends.
function changeQueue(sources: MountSources, signal: AbortSignal): { next(): Promise<void> } {
  let pending = Promise.withResolvers<void>()
  const stop = sources.onChange(() => pending.resolve())
  signal.addEventListener('abort', () => {
    stop()
    pending.resolve()
  })
  return {
    next: async () => {
      await pending.promise
      if (!signal.aborted) pending = Promise.withResolvers<void>()
    },
  }
}

async function filesOf(
  volume: Volume,
  tokens: Map<string, MintedToken>,
  { pod, sources, withCa, signal }: Keeping,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const files = new Map<string, Uint8Array>(withCa ? [['ca.crt', sources.ca]] : [])
  const add = (
    found: Keyed | undefined,
    wanted: {
      readonly items?: readonly { readonly key: string; readonly path: string }[] | undefined
      readonly optional: boolean
    },
  ): boolean => {
    if (found === undefined) return wanted.optional
    const items = wanted.items ?? Object.keys(found.data).map(key => ({ key, path: key }))
    for (const { key, path } of items) {
      const content = found.data[key]
      if (content !== undefined) files.set(path, content)
      else if (!wanted.optional) return false
    }
    return true
  }
  const addSource = async (source: ProjectedSource): Promise<boolean> => {
    for (const { path } of source.downwardAPI?.items ?? []) files.set(path, Buffer.from(sources.namespace))
    if (source.serviceAccountToken !== undefined) {
      const { path, ...request } = source.serviceAccountToken
      const token = tokens.get(path) ?? (await sources.mintToken(pod.serviceAccountName, request, signal))
      tokens.set(path, token)
      files.set(path, Buffer.from(token.token))
    }
    return (
      (source.configMap === undefined || add(sources.configMap(source.configMap.name), source.configMap)) &&
      (source.secret === undefined || add(sources.secret(source.secret.name), source.secret))
    )
  }
  const { configMap, secret, projected } = volume
  const complete = await Promise.all([
    configMap === undefined || add(sources.configMap(configMap.name), configMap),
    secret === undefined || add(sources.secret(secret.secretName), secret),
    ...(projected?.sources.map(addSource) ?? []),
  ])
  return complete.every(Boolean) ? files : undefined
}

function fingerprint(files: ReadonlyMap<string, Uint8Array>): string {
  return JSON.stringify([...files].map(([path, content]) => [path, Buffer.from(content).toString('base64')]))
}
