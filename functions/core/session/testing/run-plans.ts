import type { Action } from '../actions.ts'
import { sameBinding } from '../binding-names.ts'
import type { SessionLimits } from '../judge-session.ts'
import type { Observed } from '../observed.ts'
import { type Ending, planEnd } from '../plan-end.ts'
import { planLogin, type WantedSession, wantedOfLease, withdrawExtension } from '../plan-login.ts'
import { planCleanup, planRevocation, type Revocation } from '../plan-revocation.ts'
import { type ModelCluster, ModelRefusal } from './model-cluster.ts'

/** The process died: so many single writes were carried out and not one more. */
export class Crash extends Error {}

/** Carries plans out on a model, one action at a time, and dies where it is told to. For tests. */
export interface PlanRunner {
  login(wanted: WantedSession): 'granted' | 'denied'
  revoke(name: string, revocation: Revocation): 'ended' | 'superseded' | 'nothing'
  /** What a process does at its start, and its timers later. */
  recover(name: string): void
}

export interface RunOptions {
  readonly cluster: ModelCluster
  readonly now: () => number
  readonly limits: SessionLimits
  /** How many actions are carried out before the process dies; none by default. */
  readonly actions?: number
}

const mostSteps = 40

export function runPlans({ cluster, now, limits, actions = Number.POSITIVE_INFINITY }: RunOptions): PlanRunner {
  let left = actions

  function carryOut(observed: Observed, step: readonly Action[]): Observed {
    try {
      return step.reduce((known, action) => {
        if (left <= 0) throw new Crash()
        left -= 1
        return perform(cluster, known, action)
      }, observed)
    } catch (error) {
      if (!(error instanceof ModelRefusal)) throw error
      return cluster.observe(observed.name)
    }
  }

  function end(start: Observed, ending: Ending): Observed {
    let observed = start
    for (let steps = 0; steps < mostSteps; steps++) {
      const step = planEnd(observed, ending, now())
      if (step.kind === 'done') return cluster.observe(start.name)
      if (step.kind === 'stuck') throw new Error(step.alarm)
      observed = carryOut(observed, step.actions)
    }
    throw new Error('an end does not end')
  }

  function login(wanted: WantedSession): 'granted' | 'denied' {
    let observed = cluster.observe(wanted.name)
    for (let steps = 0; steps < mostSteps; steps++) {
      const step = planLogin(observed, wanted, now(), limits)
      switch (step.kind) {
        case 'act':
          observed = carryOut(observed, step.actions)
          break
        case 'end-first':
          observed = end(observed, { reason: step.reason })
          break
        case 'commit':
          observed = carryOut(observed, [{ do: 'write-lease', record: step.record }])
          if (observed.lease?.phase === 'live' && observed.lease.request === wanted.request) return 'granted'
          break
        case 'grant':
          return 'granted'
        case 'give-up':
          end(cluster.observe(wanted.name), { reason: 'incomplete' })
          return 'denied'
        case 'deny':
          return 'denied'
      }
    }
    throw new Error('a login does not end')
  }

  function revoke(name: string, revocation: Revocation): 'ended' | 'superseded' | 'nothing' {
    const observed = cluster.observe(name)
    return follow(observed, planRevocation(observed, revocation, now(), limits))
  }

  function follow(observed: Observed, step: ReturnType<typeof planRevocation>): 'ended' | 'superseded' | 'nothing' {
    switch (step.kind) {
      case 'end':
        end(observed, step.ending)
        return 'ended'
      case 'withdraw-extension': {
        const dated = carryOut(observed, withdrawExtension(observed, step.lease).actions)
        if (dated.lease?.phase === 'live' && dated.lease.extension)
          carryOut(dated, withdrawExtension(dated, dated.lease).actions)
        return 'nothing'
      }
      case 'remove-lease':
        carryOut(observed, [{ do: 'delete-lease', record: step.lease }])
        return 'nothing'
      case 'superseded':
      case 'nothing':
        return step.kind
    }
  }

  function recover(name: string): void {
    const observed = cluster.observe(name)
    follow(observed, planCleanup(observed, now(), limits))
    const { lease } = cluster.observe(name)
    const wanted = lease && lease.phase !== 'ended' ? wantedOfLease(lease) : undefined
    if (wanted && now() < wanted.expiresAt) login(wanted)
  }

  return { login, revoke, recover }
}

function perform(cluster: ModelCluster, known: Observed, action: Action): Observed {
  const without = (binding: { readonly name: string; readonly namespace?: string }) =>
    known.bindings.filter(other => !sameBinding(other, binding))
  switch (action.do) {
    case 'write-lease':
      return { ...known, lease: cluster.writeLease(action.record) }
    case 'delete-lease':
      cluster.deleteLease(action.record)
      return cluster.observe(known.name)
    case 'create-service-account':
      return { ...known, serviceAccount: cluster.createServiceAccount(action.name, action.terms) }
    case 'date-service-account':
      return { ...known, serviceAccount: cluster.dateServiceAccount(action.serviceAccount, action.validUntil) }
    case 'delete-service-account': {
      const left = cluster.deleteServiceAccount(action.serviceAccount)
      const { serviceAccount: _, ...rest } = known
      return left ? { ...rest, serviceAccount: left } : rest
    }
    case 'create-binding':
      return {
        ...known,
        bindings: [...known.bindings, cluster.createBinding(action.binding, action.name, action.terms)],
      }
    case 'date-binding':
      return {
        ...known,
        bindings: [...without(action.binding), cluster.dateBinding(action.binding, action.validUntil)],
      }
    case 'delete-binding':
      cluster.deleteBinding(action.binding)
      return {
        ...known,
        bindings: without(action.binding),
        unconfirmed: [...known.unconfirmed, action.binding],
      }
    case 'read-binding': {
      const binding = cluster.getBinding(action.binding)
      const unconfirmed = known.unconfirmed.filter(other => !sameBinding(other, action.binding))
      return binding
        ? { ...known, unconfirmed, bindings: [...without(binding), binding] }
        : { ...known, unconfirmed, missing: [...known.missing, action.binding] }
    }
    case 'verify-refused':
      if (cluster.whyAllowed(action.name) !== undefined) throw new Error('access remains')
      return { ...known, refused: true }
  }
}
