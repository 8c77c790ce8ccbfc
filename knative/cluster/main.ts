// The cluster from the command line: `make cluster-up`, `make cluster-down`, and what `make test-cluster` does first.
import * as v from 'valibot'
import { buildPrograms } from '../lab/build.ts'
import { joinRunning } from '../lab/join-supervisor.ts'
import { takeLock } from '../lab/lock.ts'
import { runCommand } from '../lab/run-command.ts'
import { clusterDir, clusterLock } from './cluster-dir.ts'
import { ClusterState, Level } from './cluster-state.ts'
import { removeLeftovers } from './leftovers.ts'
import { programs as clusterPrograms } from './programs.ts'
import { startCluster } from './start-cluster.ts'
import { whyNoCluster } from './why-no-cluster.ts'

const usage = `Usage: node knative/cluster/main.ts <command>

  up       start the cluster and leave it running (up node, up eventing: less of it)
  down     end the cluster, whoever uses it, and remove what one that was killed left
  status   what runs, and where its logs are
  build    compile what a cluster runs, or say why this machine can have none
`

const progress = (line: string): void => console.log(line)
const what = 'the cluster'

async function build(signal: AbortSignal): Promise<void> {
  const reason = await whyNoCluster({ progress })
  if (reason !== undefined) return console.log(`no cluster here: ${reason}`)
  await buildPrograms({ programs: clusterPrograms, signal, progress })
}

async function up(signal: AbortSignal, operand = 'serving'): Promise<void> {
  const level = Level.options.find(option => option === operand)
  if (level === undefined) throw new Error(`${operand} is none of the levels ${Level.options.join(', ')}`)
  const reason = await whyNoCluster({ progress })
  if (reason !== undefined) throw new Error(reason)
  await using cluster = await startCluster({ level, stay: true, signal, progress })
  console.log(`\nexport KUBECONFIG=${cluster.kubeconfig}\n${cluster.kubectl} get pods --all-namespaces`)
}

/** As much as clusters of all versions say. */
const Supervised = v.object({ pids: v.object({ supervisor: v.number() }) })

async function down(signal: AbortSignal): Promise<void> {
  const hold = await joinRunning({ dir: clusterDir, signal, what })
  if (hold !== undefined) process.kill(v.parse(Supervised, hold.state).pids.supervisor, 'SIGTERM')
  await using _lock = await takeLock(clusterLock, { signal })
  await removeLeftovers(clusterDir)
  console.log(hold === undefined ? 'no cluster was running' : 'the cluster is down')
}

async function status(signal: AbortSignal): Promise<void> {
  await using hold = await joinRunning({ dir: clusterDir, signal, what })
  if (hold === undefined) return console.log('no cluster is running')
  const state = v.parse(ClusterState, hold.state)
  console.log(`kubeconfig  ${state.kubeconfig}\nlevel       ${state.level}`)
  for (const [name, pid] of Object.entries(state.pids))
    console.log(`${String(pid).padStart(8)}  ${name}  ${state.logs[name] ?? ''}`)
}

await runCommand(usage, { up, down, status, build })
