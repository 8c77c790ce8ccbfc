// Not a kubelet, and not Serving: no containers, no images, no isolation, no limits, no probes once a process is ready, no scaling.
// It starts the one process that each ksvc and each Job's Pod of a namespace describes, as this user on this machine, with
// exactly the environment, mounts and ServiceAccount token of the manifest, and tells the API server about it.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { portChooser } from '../free-port.ts'
import { type Api, ApiError } from './api.ts'
import { commandOf, type ImageAndNode } from './command.ts'
import { follow } from './follow.ts'
import { type MountSources, mountVolumes } from './mounts.ts'
import {
  ConfigMap,
  type Keyed,
  KnativeService,
  Pod,
  type PodSpec,
  Secret,
  ServiceAccount,
  TokenRequest,
} from './objects.ts'
import { runContainer } from './run-container.ts'
import { type Prepared, type RunningFunction, runFunction } from './run-function.ts'
import { runJobPod } from './run-job-pod.ts'
import type { LogLine, Shadow } from './shadow.ts'

export interface ShadowOptions {
  /** Full rights; used by the shadow alone. */
  readonly api: Api
  readonly apiServer: { readonly url: string; readonly caFile: string }
  /** The namespace whose ksvc and Jobs are run. */
  readonly namespace: string
  /** Functions not to start. */
  readonly without?: readonly string[]
  /** URL of the forward proxy that stands for cluster DNS. */
  readonly clusterDns: string
  readonly route: (host: string, port: number | undefined) => Promise<void>
  /** The program that lets a process die with this one. */
  readonly withParent: string
  /** Existing directory, 0700, in which the shadow makes one of its own. */
  readonly dir: string
  readonly imageFile: ImageAndNode['imageFile']
  readonly imageEnv?: Readonly<Record<string, string>>
  /** What the shadow itself has to say, one line at a time. */
  readonly log?: (line: string) => void
}

/** Starts the kubelet's shadow for one namespace; its processes end with it, however this process ends. */
export async function startShadow(options: ShadowOptions): Promise<Shadow> {
  const { api, namespace, log = () => undefined } = options
  const closing = new AbortController()
  const { signal } = closing
  const dir = await mkdtemp(join(options.dir, 's-'))
  const core = `/api/v1/namespaces/${namespace}`

  const functions = new Map<string, RunningFunction>()
  const jobLogs = new Map<string, LogLine[]>()
  const pods = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()
  const configMaps = new Map<string, Keyed>()
  const secrets = new Map<string, Keyed>()
  const listeners = new Set<() => void>()

  const cache = (objects: Map<string, Keyed>) => ({
    seen: (object: Keyed) => {
      objects.set(object.metadata.name, object)
      for (const listener of listeners) listener()
    },
    gone: (object: Keyed) => {
      objects.delete(object.metadata.name)
    },
    failed: (error: unknown) => log(`watch: ${error}`),
  })
  const sources: MountSources = {
    namespace,
    ca: await readFile(options.apiServer.caFile),
    configMap: name => configMaps.get(name),
    secret: name => secrets.get(name),
    onChange: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    mintToken: async (serviceAccount, { expirationSeconds, audience }, signal) => {
      const answer = await api.call('POST', `${core}/serviceaccounts/${serviceAccount}/token`, {
        body: { spec: { expirationSeconds, ...(audience === undefined ? {} : { audiences: [audience] }) } },
        signal,
      })
      const { token, expirationTimestamp } = v.parse(TokenRequest, answer).status
      // As the kubelet does: at four fifths of the token's life.
      const life = Date.parse(expirationTimestamp) - Date.now()
      return { token, renewAt: Date.now() + life * 0.8 }
    },
    automounts: async (serviceAccount, signal) =>
      v.parse(ServiceAccount, await api.call('GET', `${core}/serviceaccounts/${serviceAccount}`, { signal }))
        .automountServiceAccountToken,
    log,
  }

  const choosePort = portChooser()
  const nodeEnv = nodeEnvironment(options)
  let made = 0
  const prepare = async (
    name: string,
    pod: PodSpec,
    until: AbortSignal,
    more: Readonly<Record<string, string>>,
  ): Promise<Prepared> => {
    const directory = join(dir, `${name}-${++made}`)
    const tmp = join(directory, 'tmp')
    await mkdir(tmp, { recursive: true, mode: 0o700 })
    const mounts = await mountVolumes(pod, directory, sources, AbortSignal.any([until, signal]))
    return {
      command: port =>
        commandOf(pod.containers[0], mounts.paths, {
          node: process.execPath,
          imageFile: options.imageFile,
          imageEnv: options.imageEnv ?? {},
          nodeEnv: { ...nodeEnv, ...more, ...(port === 0 ? {} : { PORT: `${port}` }) },
          tmp,
        }),
      [Symbol.asyncDispose]: async () => {
        await mounts[Symbol.asyncDispose]()
        await rm(directory, { recursive: true, force: true })
      },
    }
  }
  const start: Parameters<typeof runJobPod>[1]['start'] = (command, write) =>
    runContainer(command, options.withParent, write)

  const newFunction = (name: string): RunningFunction => {
    const host = `${name}.${namespace}.svc.cluster.local`
    return runFunction(name, {
      prepare: (pod, until) =>
        prepare(name, pod, until, { K_SERVICE: name, K_CONFIGURATION: name, K_REVISION: `${name}-shadow` }),
      start,
      freePort: choosePort,
      route: port => options.route(host, port),
      report: service => reportReady(api, service, host),
      log,
    })
  }
  // A function may be asked for before its ksvc has been seen.
  const known = (name: string): RunningFunction => {
    const found = functions.get(name) ?? newFunction(name)
    functions.set(name, found)
    return found
  }
  const runPod = async (pod: Pod, stop: AbortController): Promise<void> => {
    const name = pod.metadata.ownerReferences[0]?.name ?? pod.metadata.name
    const lines: LogLine[] = []
    jobLogs.set(name, lines)
    const until = AbortSignal.any([stop.signal, signal])
    try {
      await runJobPod(
        pod,
        {
          prepare: (spec, signal) => prepare(pod.metadata.name, spec, signal, { HOSTNAME: pod.metadata.name }),
          start,
          report: (reported, status) => reportPod(api, reported, status),
          write: line => void lines.push(line),
        },
        until,
      )
    } catch (error) {
      if (!until.aborted) log(`${pod.metadata.name}: ${error}`)
    }
  }

  const failed = (error: unknown) => log(`watch: ${error}`)
  await Promise.all([
    follow(api, `${core}/configmaps`, ConfigMap, cache(configMaps), { signal }),
    follow(api, `${core}/secrets`, Secret, cache(secrets), { signal }),
  ])
  await Promise.all([
    follow(
      api,
      `/apis/serving.knative.dev/v1/namespaces/${namespace}/services`,
      KnativeService,
      {
        seen: service => {
          const { name } = service.metadata
          if (options.without?.includes(name)) return
          known(name).update(service)
        },
        gone: ({ metadata: { name } }) => {
          const stopped = functions.get(name)
          functions.delete(name)
          if (stopped !== undefined) void stopped[Symbol.asyncDispose]()
        },
        failed,
      },
      { signal },
    ),
    follow(
      api,
      `${core}/pods`,
      Pod,
      {
        seen: pod => {
          if (
            pods.has(pod.metadata.uid) ||
            pod.status.phase !== 'Pending' ||
            pod.metadata.deletionTimestamp !== undefined
          )
            return
          const stop = new AbortController()
          pods.set(pod.metadata.uid, { stop, ended: runPod(pod, stop) })
        },
        gone: pod => pods.get(pod.metadata.uid)?.stop.abort(),
        failed,
      },
      { signal },
    ),
  ])

  return {
    kill: (name, signal = 'SIGKILL') => known(name).kill(signal),
    scale: (name, replicas) => known(name).scale(replicas),
    ready: (name, { signal } = {}) => known(name).ready(signal),
    logs: name => functions.get(name)?.logs ?? jobLogs.get(name) ?? [],
    pid: name => known(name).pid,
    port: name => known(name).port,
    tmpdir: name => known(name).tmpdir,
    starts: name => known(name).starts,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await Promise.all([...functions.values()].map(stopping => stopping[Symbol.asyncDispose]()))
      await Promise.all([...pods.values()].map(({ ended }) => ended))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function nodeEnvironment({ apiServer, clusterDns }: ShadowOptions): Record<string, string> {
  const { hostname, port } = new URL(apiServer.url)
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    // Cluster DNS: names under svc.cluster.local resolve nowhere on this machine but in the lab's proxy.
    HTTP_PROXY: clusterDns,
    NO_PROXY: '127.0.0.1,localhost,::1',
    NODE_USE_ENV_PROXY: '1',
  }
}

async function reportReady(api: Api, { metadata }: KnativeService, host: string): Promise<void> {
  const at = new Date().toISOString()
  const url = `http://${host}`
  const conditions = ['ConfigurationsReady', 'Ready', 'RoutesReady'].map(type => ({
    type,
    status: 'True',
    lastTransitionTime: at,
  }))
  await ignoreGone(
    api.call(
      'PATCH',
      `/apis/serving.knative.dev/v1/namespaces/${metadata.namespace}/services/${metadata.name}/status`,
      {
        contentType: 'application/merge-patch+json',
        body: {
          status: {
            url,
            address: { url },
            observedGeneration: metadata.generation,
            latestReadyRevisionName: `${metadata.name}-shadow`,
            latestCreatedRevisionName: `${metadata.name}-shadow`,
            conditions,
          },
        },
      },
    ),
  )
}

async function reportPod(
  api: Api,
  { metadata }: Pod,
  status: Readonly<Record<string, unknown>> | object,
): Promise<void> {
  await ignoreGone(
    api.call('PATCH', `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, {
      contentType: 'application/merge-patch+json',
      body: { status },
    }),
  )
}

// Deleted in the meantime: nobody is left to tell.
async function ignoreGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
  }
}
