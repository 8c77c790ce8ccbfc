import { TailscaleError } from './errors.ts'
import type { Identity } from './identity.ts'
import type { SchemaIssue, StandardSchema } from './standard-schema.ts'

/**
 * The values of one capability that the tailnet policy grants a peer, each checked by a schema of any library that speaks
 * Standard Schema (valibot, zod, arktype, …); empty when nothing is granted. Their order carries no meaning. One value that
 * does not fit refuses them all: half a policy is none.
 * @throws TailscaleError `ERR_TSNET_CAPABILITY`, naming the value by its index and path
 * @example
 * const Door = v.object({ open: v.boolean() })
 * const doors = cap(socket.tailscale, 'example.com/cap/door', Door) // readonly { open: boolean }[]
 */
export function cap<Output>(
  identity: Pick<Identity, 'capMap'>,
  name: string,
  schema: StandardSchema<Output>,
): readonly Output[] {
  const values: readonly unknown[] = Object.hasOwn(identity.capMap, name) ? (identity.capMap[name] ?? []) : []
  return values.map((value, index) => {
    const result = schema['~standard'].validate(value)
    if (result instanceof Promise) {
      result.catch(() => {}) // nobody waits for it
      throw new TailscaleError('ERR_TSNET_OPTIONS', `the schema for ${name} is asynchronous: give a synchronous one`)
    }
    if (result.issues) throw new TailscaleError('ERR_TSNET_CAPABILITY', describe(name, index, result.issues))
    return result.value
  })
}

/** Such as `example.com/cap/door[1].hours.from: Expected string but received 7`; the first issue alone. */
function describe(name: string, index: number, issues: readonly SchemaIssue[]): string {
  const [first] = issues
  return `${name}[${index}]${(first?.path ?? []).map(pathPart).join('')}: ${first?.message ?? 'does not fit the schema'}`
}

function pathPart(part: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
}
