import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { locateHelper } from '../src/locate-helper.ts'
import type { Testnet } from '../src/testing/index.ts'
import { type LineProcess, startLineProcess } from '../src/testing/line-process.ts'
import { asJavaScript } from './as-javascript.ts'
import { residentMiB } from './process-usage.ts'
import { median } from './statistics.ts'

/** What tsnet-node costs a program that uses it, beside an HTTP server alone. Medians. */
export interface Footprint {
  readonly plain: Cost
  readonly withNode: Cost
  /** Medians of the rounds' differences. */
  readonly adds: Cost
  /** Memory of the helper while nobody calls, in MiB. */
  readonly helperMiB: number
}

/** What one process costs. */
interface Cost {
  /** From the start of the process to the first line after its imports, in milliseconds. */
  readonly startMs: number
  /** Resident memory while nobody calls, in MiB. */
  readonly residentMiB: number
}

/** After the start, what is left over from it goes within this time. */
const settleMs = 3_000

/** A start takes so little that many are needed for a median that the machine's noise does not move. */
const startsPerRound = 5

/** Starts both programs with the package as it is published, in turns. */
export async function measureFootprint(net: Testnet, rounds: number): Promise<Footprint> {
  const dir = await mkdtemp(join(tmpdir(), 'tsnet-node-bench-'))
  try {
    await asJavaScript(dir)
    const start = (name: Fixture) => startFixture(dir, name, net)
    for (const name of ['plain', 'with-tsnet-node'] as const) await startMs(start, name) // reads them from the disk
    const starts: Pair[] = []
    for (let i = 0; i < rounds * startsPerRound; i += 1) starts.push(await inTurn(i, name => startMs(start, name)))
    const resident: Pair[] = []
    const helpers: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await using plain = await start('plain')
      await using withNode = await start('with-tsnet-node')
      await sleep(settleMs)
      resident.push({ plain: residentMiB(plain.pid), withNode: residentMiB(withNode.pid) })
      helpers.push(residentMiB((withNode.ready as { helperPid: number }).helperPid))
    }
    const cost = (of: (pair: Pair) => number) => ({
      startMs: median(starts.map(of)),
      residentMiB: median(resident.map(of)),
    })
    return {
      plain: cost(({ plain }) => plain),
      withNode: cost(({ withNode }) => withNode),
      adds: cost(({ plain, withNode }) => withNode - plain),
      helperMiB: median(helpers),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

type Fixture = 'plain' | 'with-tsnet-node'

interface Pair {
  readonly plain: number
  readonly withNode: number
}

/** Measures both; every second time the other one first. */
async function inTurn(turn: number, measure: (name: Fixture) => Promise<number>): Promise<Pair> {
  if (turn % 2 === 0) {
    const plain = await measure('plain')
    return { plain, withNode: await measure('with-tsnet-node') }
  }
  const withNode = await measure('with-tsnet-node')
  return { plain: await measure('plain'), withNode }
}

async function startMs(start: (name: Fixture) => Promise<LineProcess>, name: Fixture): Promise<number> {
  await using process = await start(name)
  return (process.ready as { startMs: number }).startMs
}

function startFixture(dir: string, name: Fixture, net: Testnet): Promise<LineProcess> {
  return startLineProcess(process.execPath, [join(dir, `${name}.js`), 'bench-footprint', net.controlUrl], {
    env: { ...net.env, TSNET_NODE_HELPER: locateHelper(), NODE_OPTIONS: '' },
    signal: AbortSignal.timeout(30_000),
  })
}
