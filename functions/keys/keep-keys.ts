import { setTimeout as delay } from 'node:timers/promises'
import { type FunctionName, fromWireTime, functionNames, toWireTime } from '#events'
import { generateSigningKey, publicJwkOf } from '#events/keys/generate-keys'
import type { PublicJwk } from '#events/keys/key-set'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import type { KeyState, KeyStore, StoredKeys } from './key-store.ts'
import { type Ask, type KeyStep, type KeysOfFunction, type KeyTiming, mustBegin, planKeys } from './plan-keys.ts'

export interface KeepKeysDeps {
  readonly store: KeyStore
  readonly timing: KeyTiming
  /** How long a key counts from its publication, in milliseconds. */
  readonly lifeMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** Takes every function's keys to where they should be, step by step, from wherever they are; resolves when nothing is left to do. */
export async function keepKeys(deps: KeepKeysDeps, ask: Ask, signal: AbortSignal): Promise<void> {
  const { store, timing, now } = deps
  const first = await store.read({ signal })
  const begin = new Set(functionNames.filter(owner => mustBegin(keysOf(first, owner), ask)))
  for (;;) {
    const state = await store.read({ signal })
    const steps = functionNames.map(
      owner => [owner, planKeys(keysOf(state, owner), { ask, begin: begin.has(owner), now: now(), timing })] as const,
    )
    const waits = steps.flatMap(([, step]) => (step.kind === 'wait' ? [step.until] : []))
    const doing = steps.filter(([, { kind }]) => kind !== 'wait' && kind !== 'done')
    if (doing.length > 0) {
      try {
        await change(deps, state, doing, signal)
      } catch (error) {
        // Somebody else keeps the same keys: what is there now is planned anew.
        if (!failedWith(error, 'conflict')) throw error
        continue
      }
      for (const [owner, { kind }] of doing) if (kind === 'generate') begin.delete(owner)
    } else if (waits.length === 0) return
    else {
      const until = Math.min(...waits)
      deps.info('waiting', { until: toWireTime(until) })
      await delay(Math.max(until - now(), 0), undefined, { signal })
    }
  }
}

async function change(
  deps: KeepKeysDeps,
  state: KeyState,
  steps: readonly (readonly [FunctionName, KeyStep])[],
  signal: AbortSignal,
): Promise<void> {
  const published = steps.reduce((keys, [owner, step]) => publicAfter(deps, state, keys, owner, step), state.public)
  if (published !== state.public) await deps.store.writePublic(published, state.version, { signal })
  for (const [owner, step] of steps) {
    const stored = privateOf(state, owner)
    if (step.kind === 'generate')
      await deps.store.writePrivate(owner, { ...stored, next: await generateSigningKey(owner) }, { signal })
    if (step.kind === 'switch' && stored.next !== undefined)
      await deps.store.writePrivate(owner, { current: stored.next, version: stored.version }, { signal })
    deps.info(step.kind, {
      of: owner,
      ...('kid' in step ? { kid: step.kid } : {}),
      ...('kids' in step ? { kids: step.kids } : {}),
    })
  }
}

/** The public set after one step of one function; the same one when the step changes nothing of it. */
function publicAfter(
  { now, lifeMs }: KeepKeysDeps,
  state: KeyState,
  keys: readonly PublicJwk[],
  owner: FunctionName,
  step: KeyStep,
): readonly PublicJwk[] {
  switch (step.kind) {
    case 'publish': {
      const { current, next } = privateOf(state, owner)
      const jwk = [next, current].find(key => key?.kid === step.kid)
      if (jwk === undefined) throw new Error(`the key ${step.kid} of ${owner} is not there`)
      const validity = { notBefore: step.notBefore, notAfter: now() + lifeMs }
      return [...keys.filter(({ kid }) => kid !== step.kid), publicJwkOf(jwk, validity)]
    }
    case 'retire':
      return keys.map(key => (step.kids.includes(key.kid) ? { ...key, notAfter: toWireTime(step.at) } : key))
    case 'remove':
      return keys.filter(({ kid }) => !step.kids.includes(kid))
    default:
      return keys
  }
}

function privateOf(state: KeyState, owner: FunctionName): StoredKeys {
  const stored = state.private.get(owner)
  if (stored === undefined) throw new Error(`the keys of ${owner} were not read`)
  return stored
}

function keysOf(state: KeyState, owner: FunctionName): KeysOfFunction {
  const { current, next } = privateOf(state, owner)
  return {
    ...(current === undefined ? {} : { current: current.kid }),
    ...(next === undefined ? {} : { next: next.kid }),
    published: state.public
      .filter(key => key.function === owner)
      .map(({ kid, notBefore, notAfter }) => ({
        kid,
        notBefore: fromWireTime(notBefore),
        notAfter: fromWireTime(notAfter),
      })),
  }
}
