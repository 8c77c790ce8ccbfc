import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '#core/problem'
import type { Action } from '#core/session/actions'
import { sameBinding } from '#core/session/binding-names'
import type { Observed, ObservedBinding } from '#core/session/observed'
import type { BindingRef } from '#core/session/session-record'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import { type LookDeps, lookClosely } from './look-closely.ts'

/** Objects that this run made, so that it can undo them by UID should it lose the race for the Lease. */
export interface MadeObjects {
  readonly serviceAccounts: { readonly name: string; readonly uid: string; readonly session: string }[]
  readonly bindings: (BindingRef & { readonly uid: string; readonly session: string })[]
}

/** What one action changed of what is known. */
type Change = (observed: Observed) => Observed

/** What is known after a step. */
export interface CarriedOut {
  readonly observed: Observed
  /** True when another hand was faster (`conflict`, `exists`): what is known was then asked for anew, and may be quite another thing. */
  readonly surprised: boolean
}

/**
 * Carries out the actions of one step in parallel and gives what is known afterwards, so that the next step is planned from the
 * truth. A failure that is no surprise is thrown once every action has settled.
 */
export async function carryOut(
  deps: LookDeps,
  observed: Observed,
  actions: readonly Action[],
  made: MadeObjects,
  signal: AbortSignal,
): Promise<CarriedOut> {
  const results = await Promise.allSettled(actions.map(action => perform(deps, action, made, signal)))
  const failures = results.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const [serious] = failures.filter(error => !failedWith(error, 'conflict', 'exists'))
  if (serious) throw serious
  if (failures.length > 0) return { observed: await lookClosely(deps, observed.name, signal), surprised: true }
  const known = results.reduce(
    (before, result) => (result.status === 'fulfilled' ? result.value(before) : before),
    observed,
  )
  return { observed: known, surprised: false }
}

async function perform(deps: LookDeps, action: Action, made: MadeObjects, signal: AbortSignal): Promise<Change> {
  const { cluster, view } = deps
  switch (action.do) {
    case 'write-lease': {
      const lease = await cluster.writeLease(action.record, { signal })
      view.sawLease(lease)
      return known => ({ ...known, lease })
    }
    case 'delete-lease': {
      await cluster.deleteLease(action.record, { signal })
      view.lostLease(action.record)
      return ({ lease: _, ...known }) => known
    }
    case 'create-service-account': {
      const serviceAccount = await cluster.createServiceAccount(action.name, action.terms, { signal })
      made.serviceAccounts.push({ name: action.name, uid: serviceAccount.uid, session: action.terms.session })
      view.sawServiceAccount(serviceAccount)
      return known => ({ ...known, serviceAccount })
    }
    case 'date-service-account': {
      const serviceAccount = await cluster.dateServiceAccount(action.serviceAccount, action.validUntil, { signal })
      view.sawServiceAccount(serviceAccount)
      return known => ({ ...known, serviceAccount })
    }
    case 'delete-service-account': {
      const left = await cluster.deleteServiceAccount(action.serviceAccount, { signal })
      if (left) view.sawServiceAccount(left)
      else view.lostServiceAccount(action.serviceAccount)
      return ({ serviceAccount: _, ...known }) => (left ? { ...known, serviceAccount: left } : known)
    }
    case 'create-binding': {
      const binding = await cluster.createBinding(action.binding, action.name, action.terms, { signal })
      if (!binding) return known => known
      made.bindings.push({ ...action.binding, uid: binding.uid, session: action.terms.session })
      view.sawBinding(binding)
      return known => withBinding(known, binding)
    }
    case 'date-binding': {
      const binding = await cluster.dateBinding(action.binding, action.validUntil, { signal })
      if (!binding) return known => withoutBinding(known, action.binding)
      view.sawBinding(binding)
      return known => withBinding(known, binding)
    }
    case 'delete-binding': {
      const { binding } = action
      await cluster.deleteBinding(binding, { signal })
      return known => {
        const rest = withoutBinding(known, binding)
        return { ...rest, unconfirmed: [...rest.unconfirmed, binding] }
      }
    }
    case 'read-binding': {
      const binding = await cluster.getBinding(action.binding, { signal })
      if (binding) {
        view.sawBinding(binding)
        return known => withBinding(confirmed(known, action.binding), binding)
      }
      view.lostBinding(action.binding)
      return known => ({ ...confirmed(known, action.binding), missing: [...known.missing, action.binding] })
    }
    case 'verify-refused':
      await waitUntilRefused(deps, action, signal)
      return known => ({ ...known, refused: true })
  }
}

/** How long the authoriser may need to learn that a binding is gone; it takes milliseconds. */
const refusalTimeoutMs = 2_000

async function waitUntilRefused(
  deps: LookDeps,
  action: Extract<Action, { do: 'verify-refused' }>,
  signal: AbortSignal,
): Promise<void> {
  const namespaces = [...new Set(action.bindings.map(({ namespace }) => namespace))]
  const giveUp = AbortSignal.timeout(refusalTimeoutMs)
  await Promise.all(
    namespaces.map(async namespace => {
      for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 100)) {
        const why = await deps.cluster.whyAllowed(action.name, namespace, { signal })
        if (why === undefined) return
        if (giveUp.aborted) throw new Problem('access-may-remain', '', { cause: new Error(why) })
        await delay(pauseMs, undefined, { signal })
      }
    }),
  )
}

function withBinding(known: Observed, binding: ObservedBinding): Observed {
  return { ...known, bindings: [...known.bindings.filter(other => !sameBinding(other, binding)), binding] }
}

function withoutBinding(known: Observed, binding: BindingRef): Observed {
  return { ...known, bindings: known.bindings.filter(other => !sameBinding(other, binding)) }
}

function confirmed(known: Observed, binding: BindingRef): Observed {
  return { ...known, unconfirmed: known.unconfirmed.filter(other => !sameBinding(other, binding)) }
}
