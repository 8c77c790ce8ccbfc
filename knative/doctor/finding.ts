import type { Config } from '#core/config'
import type { Api } from '../kube/api.ts'
import type { Manifest } from '../render/manifest.ts'

/** What a check has to say: how bad it is, what was seen, and what to do about it. */
export interface Finding {
  readonly severity: 'fine' | 'warning' | 'failure'
  readonly says: string
  /** What to do; not needed where all is fine. */
  readonly todo?: string
}

/** An install as it is in a cluster, and what this version would have applied for its configuration. */
export interface Examined {
  readonly api: Api
  readonly config: Config
  /** The components that it was made with, as far as they show. */
  readonly components: readonly string[]
  readonly expected: readonly Manifest[]
  /** For whom the guard lets sessions' tokens be; undefined where there is no guard that says it. */
  readonly audiences?: readonly string[] | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** One thing to look at. */
export interface Check {
  readonly name: string
  readonly look: (examined: Examined) => Promise<readonly Finding[]>
}

/** All is well with this one. */
export const fine = (says: string): readonly Finding[] => [{ severity: 'fine', says }]
/** Works, and will or may not for long. */
export const warning = (says: string, todo: string): Finding => ({ severity: 'warning', says, todo })
/** Does not work, or is not safe. */
export const failure = (says: string, todo: string): Finding => ({ severity: 'failure', says, todo })
