// The lab from the command line: `make build`, `make up`, `make down`.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { buildPrograms } from './build.ts'
import { startLab } from './index.ts'
import { joinRunning } from './join-supervisor.ts'
import { LabState } from './lab-state.ts'
import { takeLock } from './lock.ts'
import { stateDir } from './state-dir.ts'

const usage = `Usage: node knative/lab/main.ts <command>

  build    compile the lab's programs (cached; about 15 minutes the first time, on two cores)
  up       start the lab and leave it running; .lab/lab.json holds every address
  down     end what \`up\` left running, once nobody else holds it
  status   what runs, and where its logs are
`

const addresses = fileURLToPath(new URL('../../.lab/lab.json', import.meta.url))
const dir = stateDir()
const progress = (line: string): void => console.log(line)

async function up(signal: AbortSignal): Promise<void> {
  await using lab = await startLab({ signal, progress })
  await using hold = await joinRunning({ dir, signal })
  if (hold === undefined) throw new Error('the lab ended while it was started')
  await mkdir(new URL('.', `file://${addresses}`), { recursive: true })
  await writeFile(addresses, `${JSON.stringify(hold.state, undefined, 2)}\n`, { mode: 0o600 })
  await hold.keep(true)
  console.log(`the lab is up: export KUBECONFIG=${lab.kubeconfig}\nits addresses: ${addresses}\nend it with: make down`)
}

async function down(signal: AbortSignal): Promise<void> {
  await rm(addresses, { force: true })
  const others = await letGo(signal)
  if (others === undefined) return console.log('no lab is running')
  if (others > 0) return console.log(`the lab ends with its other holders (${others}), such as running tests`)
  const soon = AbortSignal.any([signal, AbortSignal.timeout(10_000)])
  await using gone = await takeLock('lab', { signal: soon }).catch(() => undefined)
  signal.throwIfAborted()
  console.log(gone ? 'the lab is down' : 'somebody else has taken the lab meanwhile: it ends with them')
}

async function letGo(signal: AbortSignal): Promise<number | undefined> {
  await using hold = await joinRunning({ dir, signal })
  return await hold?.keep(false)
}

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

const commands: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = { build, up, down, status }

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
})
const command = positionals.length === 1 ? commands[positionals[0] ?? ''] : undefined
const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)))

if (values.help) console.log(usage)
else if (command === undefined) {
  process.stderr.write(usage)
  process.exitCode = 2
} else {
  try {
    await command(stopped.signal)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
