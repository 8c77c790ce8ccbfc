import * as v from 'valibot'
import { parseAllDocuments } from 'yaml'
import type { Patch } from './read-kustomization.ts'

const Steps = v.array(v.looseObject({ path: v.string() }))
const Merge = v.looseObject({
  kind: v.optional(v.string()),
  metadata: v.optional(v.looseObject({ name: v.optional(v.string()) }), {}),
})

/** Whether a patch changes what the ConfigMap `tka-config` says: a JSON patch (RFC 6902), or a strategic merge patch. */
export function patchesConfig({ target, patch }: Patch): boolean {
  return parseAllDocuments(patch).some(document => {
    const says: unknown = document.toJS()
    if (v.is(Steps, says))
      return selectsConfig(target ?? {}) && says.some(({ path }) => /^\/(data|binaryData)(\/|$)|^$/.test(path))
    if (!v.is(Merge, says)) return false
    const { kind, metadata } = v.parse(Merge, says)
    const applies = target ? selectsConfig(target) : kind === 'ConfigMap' && metadata.name === 'tka-config'
    return applies && ['data', 'binaryData', '$patch'].some(key => key in says)
  })
}

const selectsConfig = ({ kind = '', name = '' }: { readonly kind?: string; readonly name?: string }): boolean =>
  matches(kind, 'ConfigMap') && matches(name, 'tka-config')

// As kustomize reads its selectors: expressions for the whole, and none selects everything.
const matches = (selector: string, value: string): boolean =>
  selector === '' || new RegExp(`^(?:${selector})$`).test(value)
