import type { Config } from '#core/config'
import { createSealingKey } from '#events'
import type { Emit } from '#io/emit'
import { createDelivery, type DeliveryDeps } from './deliver.ts'
import type { LoginDeps } from './deps.ts'
import { createKeptReplies } from './kept-replies.ts'
import { createNextSequence } from './next-sequence.ts'
import { createRecentLogins } from './recent-logins.ts'
import { createWaiters } from './waiters.ts'

/** What login is made of. */
export interface LoginParts {
  readonly config: Config
  readonly apiServer: LoginDeps['apiServer']
  readonly now: () => number
  readonly sessions: LoginDeps['sessions']
  readonly emit: Emit
  readonly serviceAccountGone: LoginDeps['serviceAccountGone']
  readonly handingOver: LoginDeps['handingOver']
  readonly failed: DeliveryDeps['failed']
}

/** Puts together what the flows stand on: its memory is empty, since whatever must last is in the cluster. */
export function createLogin({ emit, failed, ...parts }: LoginParts): LoginDeps {
  const { now, sessions } = parts
  return {
    ...parts,
    createSealingKey,
    waiters: createWaiters(),
    recents: createRecentLogins(now),
    replies: createKeptReplies(),
    nextSequence: createNextSequence({ sessions, now }),
    delivery: createDelivery({ emit, now, failed }),
  }
}
