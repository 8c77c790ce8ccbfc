import type { Config } from '#core/config'
import type { SealingKey } from '#events'
import type { SessionIndex } from '#io/kubernetes/session-index'
import type { ApiServer } from './api-server.ts'
import type { Delivery } from './deliver.ts'
import type { KeptReplies } from './kept-replies.ts'
import type { RecentLogins } from './recent-logins.ts'
import type { Waiters } from './waiters.ts'

/** What login's flows stand on. */
export interface LoginDeps {
  readonly config: Config
  /** Where people's kubeconfigs point. */
  readonly apiServer: ApiServer
  readonly now: () => number
  readonly sessions: Pick<SessionIndex, 'get' | 'all' | 'waitFor' | 'current'>
  readonly waiters: Waiters
  readonly recents: RecentLogins
  readonly replies: KeptReplies
  readonly delivery: Delivery
  /** The sequence of a wish of this person: greater than any before, and than what their Lease shows. */
  readonly nextSequence: (person: string) => string
  readonly createSealingKey: () => Promise<SealingKey>
  /** True once a person's ServiceAccount is gone from the cluster, so that no token of theirs is any good. */
  readonly serviceAccountGone: (person: string, signal: AbortSignal) => Promise<boolean>
  /** True while another pod is taking the tailnet node over. */
  readonly handingOver: () => boolean
}
