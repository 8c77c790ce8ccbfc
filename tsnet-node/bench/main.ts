// `make bench-tsnet`: tsnet-node against the same handler in Go, over one offline tailnet. Only ratios of one run say
// anything: both sides share the machine with each other and with the load generator.
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Contest, openContest, type Side } from './contest.ts'
import { measureFootprint } from './footprint.ts'
import { residentMiB } from './process-usage.ts'
import { type Figures, type LoadFigures, report } from './report.ts'
import { inTurns, pairsOf, type Sample, sampler, scenarios } from './scenarios.ts'
import { startTime } from './start-time.ts'
import { type Comparison, compare } from './statistics.ts'

const help = `Usage: node tsnet-node/bench/main.ts [--rounds N] [--seconds N] [--out FILE]

Measures tsnet-node against the same handler in Go (tsnet and net/http) over one offline tailnet, in turns, and prints
medians and ratios. Linux, and Go at the first run. About seven minutes.

  --rounds N    how often each side is measured (default 5)
  --seconds N   how long each load lasts (default 3)
  --out FILE    where the figures go as JSON (default .lab/bench-tsnet.json)
  --help        this text
`

const gibibyte = 2 ** 30
const settleMs = 3_000

async function measure(rounds: number, seconds: number): Promise<Figures> {
  await using contest = await openContest(progress)
  await sleep(settleMs)
  const idle = memory(contest)
  progress('start to Running')
  const start = compare(await inTurns(rounds, side => startTime(contest, side)))
  progress('what the client code costs')
  const footprint = await measureFootprint(contest.net, rounds)
  const loads: LoadFigures[] = []
  for (const scenario of scenarios) {
    progress(scenario.name)
    const samples = await inTurns(rounds, sampler(contest, scenario, seconds))
    const figure = (of: keyof Sample) => compare(pairsOf(samples, of))
    const { name, comparable } = scenario
    loads.push({ name, comparable, rate: figure('rate'), p50: figure('p50'), p99: figure('p99'), cpu: figure('cpu') })
  }
  progress('downloads of 1 GiB')
  const download = compare(await inTurns(Math.min(rounds, 3), side => downloadRate(contest, side)))
  await sleep(settleMs)
  return { loads, download, start, memory: { idle, afterLoad: memory(contest) }, footprint }
}

function memory({ go, node }: Contest): Comparison {
  return compare([{ go: residentMiB(go.pids[0]), node: residentMiB(node.pids[0]) }])
}

async function downloadRate({ client, ...sides }: Contest, side: Side): Promise<number> {
  return gibibyte / 2 ** 20 / (await client.download(sides[side].ip, gibibyte))
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`--${name} must be a whole number from 1, not ${text}`)
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    out: { type: 'string', default: '.lab/bench-tsnet.json' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  process.stdout.write(help)
} else {
  const figures = await measure(positive('rounds', values.rounds), positive('seconds', values.seconds))
  const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, node: process.version }
  await mkdir(dirname(values.out), { recursive: true })
  await writeFile(values.out, `${JSON.stringify({ machine, ...figures }, undefined, 2)}\n`)
  process.stdout.write(`${report(figures)}\n`)
}
