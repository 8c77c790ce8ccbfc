import { type FunctionName, functionNames } from '#events'
import type { PodMemory } from '../../cluster/pod-memory.ts'
import { summarise } from '../statistics.ts'
import type { ColdStart } from './cold-start.ts'
import type { Figures } from './measure.ts'

const parts: readonly (readonly [part: keyof ColdStart, said: string])[] = [
  ['schedule', 'Knative and the scheduler, until its pod has a node'],
  ['container', 'kubelet, until its process begins (the image is there)'],
  ['node', 'Node, until it listens (goal: at most 250)'],
  ['answer', 'probe, sweep and answer'],
  ['total', 'from the event to its answer'],
]

/** The figures as Markdown, as docs/operate.md shows them. */
export function table(figures: Figures): string {
  return [coldStartTable(figures), memoryTable(figures), restTable(figures)].join('\n\n')
}

function coldStartTable({ coldStarts }: Figures): string {
  const rows = parts.map(([part, said]) => {
    const times = coldStarts.map(start => start[part])
    return `| ${said} | ${summarise(times).p50.toFixed(0)} | ${Math.max(...times).toFixed(0)} |`
  })
  return [`| the sweeper from zero, in ms | p50 | worst of ${coldStarts.length} |`, '|---|--:|--:|', ...rows].join('\n')
}

function memoryTable({ idle, after, logins }: Figures): string {
  const rows = functionNames.map(name => {
    const [before, then] = [ofOne(idle, name), ofOne(after, name)]
    const share = `${((then.bytes / then.limitBytes) * 100).toFixed(0)} %`
    return `| ${name} | ${megabytes(before.bytes)} | ${megabytes(then.bytes)} | ${share} | ${megabytes(then.podBytes)} |`
  })
  const head = `| memory, in MB (goal: idle at most 80) | idle | after ${logins} logins | of its limit | with Serving’s proxy |`
  return [head, '|---|--:|--:|--:|--:|', ...rows].join('\n')
}

function restTable({ login, readyMs, imageBytes }: Figures): string {
  const { p50, p99, count } = login
  return [
    '| | |',
    '|---|--:|',
    `| from asking to a kubeconfig, warm: p50 and p99 of ${count} | ${p50.toFixed(0)} and ${p99.toFixed(0)} ms |`,
    `| from \`kubectl apply\` until everything is Ready | ${(readyMs / 1_000).toFixed(1)} s |`,
    `| image, compressed (goal: at most 120 MB) | ${(imageBytes / 1e6).toFixed(1)} MB |`,
  ].join('\n')
}

/** Of several pods of a function the one that takes most. */
function ofOne(memory: readonly PodMemory[], name: FunctionName): PodMemory {
  const [most] = memory.filter(pod => pod.name === name).toSorted((a, b) => b.bytes - a.bytes)
  if (most === undefined) throw new Error(`no pod of ${name} was looked at`)
  return most
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)
