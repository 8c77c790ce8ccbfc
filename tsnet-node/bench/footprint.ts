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

/** Starts both programs as JavaScript, as a published package is, in turns. */
export async function measureFootprint(net: Testnet, rounds: number): Promise<Footprint> {
  const dir = await mkdtemp(join(tmpdir(), 'tsnet-node-bench-'))
  try {
    await asJavaScript(dir)
    const plain: Cost[] = []
    const withNode: Cost[] = []
    const helpers: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await using stack = new AsyncDisposableStack()
      const start = async (name: string) => stack.use(await startFixture(dir, name, net))
      if (round === 0) await start('plain') // reads what both need from the disk
      const plainProcess = await start('plain')
      const nodeProcess = await start('with-tsnet-node')
      await sleep(settleMs)
      plain.push(costOf(plainProcess))
      withNode.push(costOf(nodeProcess))
      helpers.push(residentMiB((nodeProcess.ready as { helperPid: number }).helperPid))
    }
    const differences = withNode.map((cost, round) => minus(cost, plain[round]))
    return {
      plain: medianCost(plain),
      withNode: medianCost(withNode),
      adds: medianCost(differences),
      helperMiB: median(helpers),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

function startFixture(dir: string, name: string, net: Testnet): Promise<LineProcess> {
  const script = join(dir, `${name}.js`)
  return startLineProcess(process.execPath, [script, 'bench-footprint', net.controlUrl], {
    env: { ...net.env, TSNET_NODE_HELPER: locateHelper(), NODE_OPTIONS: '' },
    signal: AbortSignal.timeout(30_000),
  })
}

function costOf({ ready, pid }: LineProcess): Cost {
  return { startMs: (ready as { startMs: number }).startMs, residentMiB: residentMiB(pid) }
}

function minus(a: Cost, b: Cost = { startMs: Number.NaN, residentMiB: Number.NaN }): Cost {
  return { startMs: a.startMs - b.startMs, residentMiB: a.residentMiB - b.residentMiB }
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    startMs: median(costs.map(({ startMs }) => startMs)),
    residentMiB: median(costs.map(cost => cost.residentMiB)),
  }
}
