import { version } from 'uuid'

/** When an event was made, in epoch milliseconds, by the clock in its id (UUIDv7, RFC 9562); `undefined` where its id has none. */
export function madeAt({ id }: { readonly id: string }): number | undefined {
  try {
    return version(id) === 7 ? Number.parseInt(id.replace('-', '').slice(0, 12), 16) : undefined
  } catch {
    return undefined
  }
}
