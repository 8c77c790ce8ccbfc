import type { Identity } from './identity.ts'

/** Whether two identities are the same node with the same owner. Nobody known is the same as nobody. */
export function sameParty(one: Identity, other: Identity): boolean {
  if (one.node === undefined || other.node === undefined) return false
  return one.node.id === other.node.id && one.user?.id === other.user?.id
}
