// Not a kubelet, and not Serving: no containers, no images, no isolation, no limits, no probes once a process is ready, no scaling.
// It starts the one process that each ksvc and each Job's Pod of a namespace describes, as this user on this machine, with
// exactly the environment, mounts and ServiceAccount token of the manifest, and tells the API server about it.
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Api } from '../../kube/api.ts'
import { portChooser } from '../free-port.ts'
import type { Command, ImageAndNode } from './command.ts'
import { followMountSources } from './mount-sources.ts'
import { nodeEnvironment } from './node-environment.ts'
import type { PodSpec } from './objects.ts'
import { preparePod } from './prepare-pod.ts'
import { reportFunction, reportPod, revisionOf } from './report-status.ts'
import { runContainer } from './run-container.ts'
import { type RunningFunction, runFunction } from './run-function.ts'
import { runFunctions } from './run-functions.ts'
import { runJobs } from './run-jobs.ts'
import type { LogLine, Shadow } from './shadow.ts'

/** What the shadow works with. */
export interface ShadowOptions {
  /** Full rights; used by the shadow alone, never given to a process. */
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
  const { api, namespace, apiServer, imageFile, imageEnv = {}, log = () => undefined } = options
  const closing = new AbortController()
  const { signal } = closing
  const dir = await mkdtemp(join(options.dir, 's-'))
  const sources = await followMountSources({ api, namespace, caFile: apiServer.caFile, signal, log })
  const node = nodeEnvironment({ ...options, path: process.env.PATH ?? '/usr/bin:/bin' })
  const choosePort = portChooser()

  let made = 0
  const prepare = (name: string, more: Readonly<Record<string, string>>) => (pod: PodSpec, until: AbortSignal) =>
    preparePod(pod, {
      directory: join(dir, `${name}-${++made}`),
      sources,
      imageAndNode: { node: process.execPath, imageFile, imageEnv, nodeEnv: { ...node, ...more } },
      signal: AbortSignal.any([until, signal]),
    })
  const start = (command: Command, write: (line: LogLine) => void) => runContainer(command, options.withParent, write)
  const make = (name: string): RunningFunction => {
    const host = `${name}.${namespace}.svc.cluster.local`
    return runFunction(name, {
      prepare: prepare(name, { K_SERVICE: name, K_CONFIGURATION: name, K_REVISION: revisionOf(name) }),
      start,
      freePort: choosePort,
      route: port => options.route(host, port),
      report: (service, ready) => reportFunction(api, service, host, ready),
      log,
    })
  }

  const wanted = (name: string) => !options.without?.includes(name)
  const [functions, jobs] = await Promise.all([
    runFunctions(api, namespace, { wanted, make, log }, signal),
    runJobs(
      api,
      namespace,
      { prepare: prepare('job', {}), start, report: (pod, status) => reportPod(api, pod, status), log },
      signal,
    ),
  ])
  return {
    kill: (name, signal = 'SIGKILL') => functions.get(name).kill(signal),
    scale: (name, replicas) => functions.get(name).scale(replicas),
    ready: (name, { signal } = {}) => functions.get(name).ready(signal),
    logs: name => jobs.logs(name) ?? functions.get(name).logs,
    pid: name => functions.get(name).pid,
    port: name => functions.get(name).port,
    tmpdir: name => functions.get(name).tmpdir,
    starts: name => functions.get(name).starts,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await Promise.all([functions[Symbol.asyncDispose](), jobs[Symbol.asyncDispose]()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}
