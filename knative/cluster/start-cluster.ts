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
    difference: state => difference(state, { programs, level, oidc, stays: stay }),
    end: 'make cluster-down',
    patienceMs: 30_000,
  })
  try {
    return clusterOf(v.parse(ClusterState, membership.state), membership, programs)
  } catch (error) {
    await membership[Symbol.asyncDispose]()
    throw error
  }
}

/** What of a running cluster is not as it is wanted; a higher level is. */
function difference(
  told: unknown,
  { programs, level, oidc, stays }: Pick<ClusterState, 'programs' | 'level' | 'oidc' | 'stays'>,
): string | undefined {
  const { success, output } = v.safeParse(ClusterState, told)
  if (!success) return 'description'
  if (Level.options.indexOf(output.level) < Level.options.indexOf(level)) return 'level'
  if (output.oidc !== oidc) return 'authentication of senders'
  if (stays && !output.stays) return 'end'
  return otherProgram(programs, output.programs)
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
