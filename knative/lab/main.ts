// The lab from the command line: `make build`, and a look at what runs.
import * as v from 'valibot'
import { buildPrograms } from './build.ts'
import { joinRunning } from './join-supervisor.ts'
import { LabState } from './lab-state.ts'
import { runCommand } from './run-command.ts'
import { stateDir } from './state-dir.ts'

const usage = `Usage: node knative/lab/main.ts <command>

  build    compile the lab's programs (cached; about 15 minutes the first time, on two cores)
  status   what runs, and where its logs are
`

const dir = stateDir()
const progress = (line: string): void => console.log(line)

async function status(signal: AbortSignal): Promise<void> {
  await using hold = await joinRunning({ dir, signal })
  if (hold === undefined) return console.log('no lab is running')
  const state = v.parse(LabState, hold.state)
  console.log(
    `kubeconfig   ${state.kubeconfig}\ncluster DNS  ${state.clusterDns}\ntailnet      ${state.tailnet.controlUrl}`,
  )
  for (const [name, pid] of Object.entries(state.pids))
    console.log(`${String(pid).padStart(8)}  ${name}  ${state.logs[name] ?? ''}`)
}

async function build(signal: AbortSignal): Promise<void> {
  const began = performance.now()
  const programs = await buildPrograms({ signal, progress })
  console.log(
    `${Object.keys(programs).length} programs are ready (${((performance.now() - began) / 1000).toFixed(1)} s)`,
  )
}

await runCommand(usage, { build, status })
