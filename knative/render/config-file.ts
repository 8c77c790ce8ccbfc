import { type Document, isMap, isSeq, parseDocument } from 'yaml'

/** config.yaml with some values replaced, comments kept; the text as it is when nothing is replaced. */
export function overrideConfig(text: string, overrides: Readonly<Record<string, unknown>>): string {
  if (Object.keys(overrides).length === 0) return text
  const document = parseDocument(text)
  setAll(document, [], overrides)
  return document.toString({ lineWidth: 0 })
}

// Mappings merge key by key; everything else, lists too, is replaced whole; `undefined` takes a key out, an empty one changes nothing.
function setAll(document: Document, path: readonly string[], values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values)) {
    const at = [...path, key]
    if (value === null) continue
    if (value === undefined) document.deleteIn(at)
    else if (isRecord(value) && isMap(document.getIn(at))) setAll(document, at, value)
    else document.setIn(at, inlineItems(document.createNode(value)))
  }
}

// One line an item, as the base writes its roles.
function inlineItems(node: unknown): unknown {
  if (isSeq(node)) for (const item of node.items) if (isMap(item)) item.flow = true
  return node
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
