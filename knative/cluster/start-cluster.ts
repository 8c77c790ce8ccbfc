import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { buildPrograms } from '../lab/build.ts'
import { joinSameVersion, otherProgram } from '../lab/join-same-version.ts'
import type { Membership } from '../lab/join-supervisor.ts'
import type { Cluster, StartClusterOptions } from './cluster.ts'
import { clusterDir, clusterLock } from './cluster-dir.ts'
import { ClusterState, Level } from './cluster-state.ts'
import { run } from './command.ts'
import { importArchive } from './containerd.ts'
import { programs as clusterPrograms } from './programs.ts'

/** The supervisor's program. */
const program = fileURLToPath(new URL('supervisor.ts', import.meta.url))

/**
 * Joins the running cluster, or starts it; the last holder to dispose of it ends it, unless it was to stay. Ask
 * `whyNoCluster` first.
 *
 * @example
 * await using cluster = await startCluster({ progress: console.log })
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<Cluster> {
  const { level = 'serving', oidc = false, stay = false } = options
  // Compiled here rather than by the supervisor, so that Ctrl-C stops the compiler.
  const programs = await buildPrograms({ ...options, programs: clusterPrograms })
  const args = [level, ...(stay ? ['stay'] : []), ...(oidc ? ['oidc'] : [])]
  const membership = await joinSameVersion({
    ...options,
    dir: clusterDir,
    program,
    args,
    what: 'the cluster',
    lock: clusterLock,
    difference: state => {
      const running = v.safeParse(ClusterState, state)
      return running.success ? otherProgram(programs, running.output.programs) : 'description'
    },
    end: 'make cluster-down',
  })
  try {
    const state = v.parse(ClusterState, membership.state)
    checkLevel(state, level)
    checkSenders(state, oidc)
    return clusterOf(state, membership, programs)
  } catch (error) {
    await membership[Symbol.asyncDispose]()
    throw error
  }
}

function checkLevel(state: ClusterState, level: Level): void {
  const { options } = Level
  if (options.indexOf(state.level) >= options.indexOf(level)) return
  throw new Error(`a cluster without ${level} is running (level ${state.level}): end it with \`make cluster-down\``)
}

function checkSenders({ oidc }: ClusterState, wanted: boolean): void {
  if (oidc === wanted) return
  const other = oidc ? 'authenticates senders' : 'takes events from anybody'
  throw new Error(`a cluster that ${other} is running: end it with \`make cluster-down\``)
}

function clusterOf(state: ClusterState, membership: Membership, programs: Readonly<Record<string, string>>): Cluster {
  const { dir, level, oidc, kubeconfig, apiServer, addresses, pids, logs } = state
  return {
    dir,
    level,
    oidc,
    kubeconfig,
    apiServer,
    kubectl: programs.kubectl ?? 'kubectl',
    hostAddress: addresses.host,
    nodeAddress: addresses.node,
    dnsAddress: addresses.dns,
    importImage: archive => importArchive({ socket: state.containerd }, archive),
    inNetwork: (file, args) => run('nsenter', [`--net=/proc/${state.namespaces}/ns/net`, '--', file, ...args]),
    programs,
    pids,
    logs,
    [Symbol.asyncDispose]: () => membership[Symbol.asyncDispose](),
  }
}
