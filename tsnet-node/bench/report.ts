import type { Footprint } from './footprint.ts'
import { checkGoals } from './goals.ts'
import type { Comparison } from './statistics.ts'

/** What came of one scenario. */
export interface LoadFigures {
  readonly name: string
  readonly comparable: boolean
  /** Requests per second. */
  readonly rate: Comparison
  /** Milliseconds. */
  readonly p50: Comparison
  readonly p99: Comparison
  /** Microseconds of the server's processes for one request. */
  readonly cpu: Comparison
}

/** Everything measured in one run. */
export interface Figures {
  readonly loads: readonly LoadFigures[]
  /** MiB per second of one big answer. */
  readonly download: Comparison
  /** Milliseconds until a new node is up. */
  readonly start: Comparison
  /** MiB of the process on the tailnet: fresh, and some seconds after all loads. */
  readonly memory: { readonly idle: Comparison; readonly afterLoad: Comparison }
  readonly footprint: Footprint
}

/** The figures as Markdown. */
export function report({ loads, download, start, memory, footprint }: Figures): string {
  const { plain, withNode, adds } = footprint
  const goals = checkGoals(loads, footprint)
  return [
    'Go → tsnet-node (ratio)\n',
    table(
      ['load', 'requests/s', 'p50, ms', 'p99, ms', 'server CPU, µs/request'],
      loads.map(load => [load.name, cell(load.rate, 0), cell(load.p50, 2), cell(load.p99, 1), cell(load.cpu, 0)]),
    ),
    '',
    table(
      ['', 'Go → tsnet-node (ratio)'],
      [
        ['download of 1 GiB, MiB/s', cell(download, 0)],
        ['start to Running, ms', cell(start, 0)],
        ['memory of the node, idle, MiB (Go program → helper)', cell(memory.idle, 0)],
        ['the same after all of the above', cell(memory.afterLoad, 0)],
      ],
    ),
    '',
    table(
      ['your program', 'plain', 'with tsnet-node', 'adds'],
      [
        row('start to the end of its imports, ms', plain.startMs, withNode.startMs, adds.startMs),
        row('memory, idle, MiB', plain.residentMiB, withNode.residentMiB, adds.residentMiB),
      ],
    ),
    '',
    ...goals.map(({ text, met }) => `${met ? 'met   ' : 'MISSED'}  ${text}`),
  ].join('\n')
}

function cell({ go, node, ratio }: Comparison, digits: number): string {
  return `${number(go, digits)} → ${number(node, digits)} (${ratio.toFixed(2)})`
}

function row(name: string, ...values: readonly number[]): readonly string[] {
  return [name, ...values.map(value => number(value, 1))]
}

function number(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d|.*\.))/g, ' ')
}

/** A Markdown table with columns of even width. */
function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map(cells => cells[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...body.map(line)].join('\n')
}
