// `make demo`, `make up` and `make down`.
import { parseArgs } from 'node:util'
import { isRunning } from '../lab/process-running.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { directions, readRunning, removeAddresses, writeAddresses } from './addresses.ts'
import { leaveRunning, stays, stayUntil } from './leave-running.ts'
import { play } from './play.ts'
import { openScenery, type Scenery } from './scenery.ts'
import { createStage } from './stage.ts'

const help = `Usage: node knative/demo/main.ts [play [--keep] | up | down]

Runs Kubernetes, Knative Eventing, a tailnet and TKA on this machine.

  play     a person gets a badge over the tailnet and loses it again (the default); --keep leaves everything up afterwards
  up       start everything and leave it up; .lab/lab.json holds every address
  down     end what up or --keep left running
  --help   this text
`

const write = (text: string): void => void process.stdout.write(text)
const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)))

async function demo(keep: boolean): Promise<void> {
  const stage = createStage(write, stopped.signal)
  const started = performance.now()
  stage.scene('The lab: Kubernetes, Knative Eventing and a tailnet on this machine')
  await using scenery = await openScenery(line => write(`  ${line}\n`), stopped.signal)
  write(`  up in ${seconds(started)} s\n`)
  await play(stage, scenery)
  stage.scene(`Everything worked: ${stage.steps} steps in ${seconds(started)} s`)
  if (keep) await keepUp(scenery)
}

async function up(): Promise<void> {
  await using scenery = await openScenery(line => write(`${line}\n`), stopped.signal)
  await keepUp(scenery)
}

async function keepUp(scenery: Scenery): Promise<void> {
  await writeAddresses(scenery)
  write(`\n${directions(scenery)}`)
  await stayUntil(stopped.signal)
  await removeAddresses()
}

async function down(): Promise<void> {
  const running = await readRunning()
  if (running === undefined) return write('nothing is up\n')
  const { holder, lab } = running
  process.kill(holder, 'SIGTERM')
  await waitUntil('TKA is taken down', async () => !(await isRunning(holder)) || 'its process is still there')
  await removeAddresses()
  const gone = waitUntil('the lab ends', async () => !(await isRunning(lab)) || 'its supervisor is still there', {
    timeoutMs: 10_000,
  })
  write(
    await gone.then(
      () => 'everything is down\n',
      () => 'TKA is down; the lab stays for its other users, such as running tests\n',
    ),
  )
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1)

async function run(command: string, keep: boolean): Promise<number> {
  const staying = command === 'up' || keep
  if (staying && !stays()) {
    const running = await readRunning()
    if (running !== undefined) throw new Error(`something is up already (process ${running.holder}): make down ends it`)
    return leaveRunning()
  }
  if (command === 'up') await up()
  else if (command === 'down') await down()
  else await demo(keep)
  return 0
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
})
const [command = 'play', ...rest] = positionals
if (values.help) {
  write(help)
} else if (!['play', 'up', 'down'].includes(command) || rest.length > 0) {
  process.stderr.write(help)
  process.exitCode = 2
} else {
  process.exitCode = await run(command, values.keep).catch((error: unknown) => {
    process.stderr.write(`\n${command} failed: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  })
}
