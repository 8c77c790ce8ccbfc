import { type CollectedSpan, rootsOf } from './collector.ts'

/**
 * Draws the spans of one trace as a tree, one line a span: what, in which process, when it began (milliseconds after the first) and how
 * long it took. A span whose parent is not among them is a root.
 */
export function drawTree(spans: readonly CollectedSpan[]): string {
  const sorted = spans.toSorted((a, b) => a.startedAt - b.startedAt)
  const first = sorted[0]?.startedAt ?? 0
  const lines: (readonly [string, CollectedSpan])[] = []
  const draw = (span: CollectedSpan, indent: string, branch: string, below: string): void => {
    lines.push([`${indent}${branch}${span.name}`, span])
    const children = sorted.filter(({ parentSpanId }) => parentSpanId === span.spanId)
    for (const [index, child] of children.entries()) {
      const last = index === children.length - 1
      draw(child, indent + below, last ? '└─ ' : '├─ ', last ? '   ' : '│  ')
    }
  }
  for (const root of rootsOf(sorted)) draw(root, '', '', '')
  const width = Math.max(0, ...lines.map(([text]) => text.length))
  return lines
    .map(([text, { service, startedAt, tookMs, failed }]) => {
      const began = `${((startedAt - first) / 1000).toFixed(1)}`.padStart(7)
      return `${text.padEnd(width)}  ${service.padEnd(16)} ${began} ms ${tookMs.toFixed(1).padStart(7)} ms${failed ? '  failed' : ''}`
    })
    .join('\n')
}
