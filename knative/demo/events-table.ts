import type { SeenEvent } from '../lab/install.ts'

/** One line per event: type, source, subject, who signed it, size of its data in bytes. */
export function eventsTable(events: readonly SeenEvent[]): string {
  const rows = [
    ['type', 'source', 'subject', 'signed by', 'bytes'],
    ...events.map(event => [
      event.type,
      event.source,
      event.subject ?? '',
      signer(event),
      String(event.body.byteLength),
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The key id in the event's DSSE envelope; nobody signs a hint. */
function signer(event: SeenEvent): string {
  const material = event.headers['ce-dssematerial']
  if (material === undefined) return 'nobody (a hint)'
  const envelope: { readonly signatures: readonly { readonly keyid?: string }[] } = JSON.parse(
    Buffer.from(material, 'base64').toString('utf8'),
  )
  return envelope.signatures.map(signature => signature.keyid ?? '?').join(', ')
}

/** Names the events in which a credential stands in plain text, as itself or in base64. */
export function plaintextIn(events: readonly SeenEvent[], tokens: readonly string[]): readonly string[] {
  const needles = tokens.flatMap(token => [
    token,
    Buffer.from(token).toString('base64').replace(/=+$/, '').slice(0, -2),
  ])
  return events
    .filter(event => {
      const haystack = `${Buffer.from(event.body).toString('latin1')}\n${JSON.stringify(event.headers)}`
      return needles.some(needle => haystack.includes(needle))
    })
    .map(event => `${event.type} ${event.id}`)
}
