import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '#core/config'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import { type GuardAttempt, guardAttempts } from './guard-attempts.ts'

export interface GuardProofDeps {
  /** Sends a create through authorisation and admission without keeping it; rejects when it is refused. */
  readonly tryCreate: (path: string, body: unknown, options: { readonly signal: AbortSignal }) => Promise<void>
  readonly config: Config
  readonly now: () => number
}

/** Says why the guard is not known to hold; resolves with `undefined` when every attempt went as it must. */
export async function doubtGuard(deps: GuardProofDeps, signal: AbortSignal): Promise<string | undefined> {
  const attempts = guardAttempts(deps.config, deps.now())
  const doubts = await Promise.all(attempts.map(attempt => doubtAttempt(deps, attempt, signal)))
  const said = doubts.filter(doubt => doubt !== undefined)
  return said.length === 0 ? undefined : said.join('; ')
}

async function doubtAttempt(
  deps: GuardProofDeps,
  { what, path, body, allowed }: GuardAttempt,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await deps.tryCreate(path, body, { signal })
    return allowed ? undefined : `nothing keeps us from this: ${what}`
  } catch (error) {
    if (failedWith(error, 'denied')) return allowed ? `the guard refuses what it must allow: ${what}` : undefined
    return `could not find out (${failedWith(error, 'forbidden') ? 'RBAC refused first' : 'the API server failed'}): ${what}`
  }
}

/** How often the proof is repeated, in milliseconds: while in doubt, and once proved. */
const doubtfulMs = 1_000
const provedMs = 180_000

export interface GuardWatch {
  readonly doubt: () => string | undefined
}

/** Proves the guard once, then again and again until `signal` fires; `changed` is told when the answer changes. */
export async function watchGuard(
  deps: GuardProofDeps,
  changed: (doubt: string | undefined) => void,
  signal: AbortSignal,
): Promise<GuardWatch> {
  let doubt = await doubtGuard(deps, signal)
  changed(doubt)
  void repeat()
  return { doubt: () => doubt }

  async function repeat(): Promise<void> {
    while (!signal.aborted) {
      await delay(doubt === undefined ? provedMs : doubtfulMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const now = await doubtGuard(deps, signal).catch(error => `the proof failed: ${String(error)}`)
      if (now !== doubt) changed(now)
      doubt = now
    }
  }
}
