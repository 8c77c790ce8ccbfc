import type { Action } from './actions.ts'
import { sameBinding } from './binding-names.ts'
import type { Observed, ObservedBinding } from './observed.ts'
import { heldBy } from './session-objects.ts'
import type { BindingRef, EndedRecord, EndReason, SessionRecord } from './session-record.ts'

/** Why, and by whose wish, everything of a person is taken away. */
export interface Ending {
  readonly reason: EndReason
  /** Id of the request behind it. */
  readonly endedBy?: string
  /** The person's wish, which the Lease has to remember even where there is no session. */
  readonly sequence?: string
}

export type EndStep =
  | { readonly kind: 'act'; readonly actions: readonly Action[] }
  /**
   * Access is gone. `held` says what keeps the ServiceAccount itself from going: without bindings it gives nothing, but no new
   * session can begin under its name.
   */
  | { readonly kind: 'done'; readonly held?: string }
  /** Access may remain although everything that can be done was done; `alarm` says why. */
  | { readonly kind: 'stuck'; readonly alarm: string }

/**
 * The next step of an end: Lease `ended` first; then the bindings, since access goes with them; then the ServiceAccount, while
 * the bindings are asked for again (gone means 404); then the authoriser is asked whether it refuses. To be asked again with what
 * the step changed, until it is `done` or `stuck`.
 */
export function planEnd(observed: Observed, ending: Ending, now: number): EndStep {
  const record = endedRecord(observed, ending, now)
  if (record) return { kind: 'act', actions: [{ do: 'write-lease', record }] }

  const removable = bindingsToDelete(observed)
  if (removable.length > 0)
    return { kind: 'act', actions: removable.map(binding => ({ do: 'delete-binding', binding })) }

  const { serviceAccount } = observed
  const actions: Action[] = observed.unconfirmed.map(binding => ({ do: 'read-binding', binding }))
  if (serviceAccount && !serviceAccount.deleting) actions.push({ do: 'delete-service-account', serviceAccount })
  if (actions.length > 0) return { kind: 'act', actions }

  const [remaining] = observed.bindings
  if (remaining) return { kind: 'stuck', alarm: describeRemaining(observed.name, remaining) }
  const bindings = everyBinding(observed)
  if (!observed.refused && bindings.length > 0)
    return { kind: 'act', actions: [{ do: 'verify-refused', name: observed.name, bindings }] }
  if (serviceAccount)
    return { kind: 'done', held: `ServiceAccount ${observed.name} is held by ${heldBy(serviceAccount)}` }
  return { kind: 'done' }
}

/** The record to write first; `undefined` when the Lease says it already or there is nothing to say. */
function endedRecord(observed: Observed, ending: Ending, now: number): EndedRecord | undefined {
  const { lease } = observed
  const { sequence } = ending
  if (lease === undefined) {
    if (sequence === undefined) return undefined
    return { name: observed.name, phase: 'ended', sequence, ...endOf(ending, now) }
  }
  const highest = sequence !== undefined && sequence > lease.sequence ? sequence : lease.sequence
  if (lease.phase === 'ended') return highest === lease.sequence ? undefined : { ...lease, sequence: highest }
  return { ...withoutPhase(lease), phase: 'ended', sequence: highest, ...endOf(ending, now) }
}

function endOf(ending: Ending, now: number) {
  return {
    endedAt: Math.floor(now / 1000) * 1000,
    endReason: ending.reason,
    ...(ending.endedBy === undefined ? {} : { endedBy: ending.endedBy }),
  }
}

function withoutPhase(
  lease: Exclude<SessionRecord, { phase: 'ended' }>,
): Omit<EndedRecord, 'phase' | 'endedAt' | 'endReason'> {
  if (lease.phase === 'provisioning') {
    const { phase: _, requestExpiresAt: __, ...rest } = lease
    return rest
  }
  const { phase: _, extension: __, ...rest } = lease
  return rest
}

/** What can be deleted: bindings that serve session identities alone, and those that the Lease names though nobody sees them. */
function bindingsToDelete(observed: Observed): readonly (BindingRef & { readonly uid?: string })[] {
  const seen = observed.bindings.filter(binding => !binding.deleting && binding.sessionsOnly)
  const known = [...observed.bindings, ...observed.unconfirmed, ...observed.missing]
  const unseen = (observed.lease?.bindings ?? []).filter(named => !known.some(binding => sameBinding(binding, named)))
  return [...seen.map(({ name, namespace, uid }) => ({ ...ref({ name, namespace }), uid })), ...unseen]
}

/** Every binding that gave, or may have given, this person anything. */
function everyBinding(observed: Observed): readonly BindingRef[] {
  const all = [...(observed.lease?.bindings ?? []), ...observed.bindings, ...observed.unconfirmed, ...observed.missing]
  return all.filter((binding, index) => all.findIndex(other => sameBinding(other, binding)) === index).map(ref)
}

function ref({ name, namespace }: { readonly name: string; readonly namespace?: string | undefined }): BindingRef {
  return namespace === undefined ? { name } : { name, namespace }
}

function describeRemaining(person: string, binding: ObservedBinding): string {
  const why = binding.deleting
    ? `is held by ${heldBy(binding)}`
    : 'binds others as well, so that it is not ours to delete'
  return `binding ${binding.namespace === undefined ? '' : `${binding.namespace}/`}${binding.name} still gives ${person} access: it ${why}`
}
