import type { Lab } from './lab.ts'
import type { Shadow } from './shadow/shadow.ts'

/** A role that people may be given, as in config.yaml. */
export interface RoleOffer {
  readonly name: string
  readonly scope: 'cluster' | 'namespaced'
  readonly maxPeriod: string
  readonly clusterAdminEquivalent?: boolean
}

/** What differs from the base's defaults. */
export interface InstallOptions {
  /** Begins every name of this install; a free one by default. */
  readonly install?: string
  readonly roles?: readonly RoleOffer[]
  /** Merged into config.yaml, in its own form: `{ period: { minimum: '1s' }, expiryTimers: false }`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Environment that the image would carry: what a process needs beyond its manifest. Not for secrets. */
  readonly imageEnv?: Readonly<Record<string, string>>
  /** Functions not to start: every one by default is started (`[]`). */
  readonly without?: readonly string[]
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

/** An event as a subscriber of the Broker got it. */
export interface SeenEvent {
  readonly type: string
  readonly id: string
  readonly source: string
  readonly subject: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Epoch milliseconds. */
  readonly receivedAt: number
}

/** A subscriber without a filter, unless types are given. */
export interface EventTap extends AsyncDisposable {
  /** Everything so far, in the order of arrival. */
  readonly events: readonly SeenEvent[]
  /** The first event, also of the past, for which `match` holds; rejects after `timeoutMs` (10 s). */
  waitFor(match: (event: SeenEvent) => boolean, options?: { readonly timeoutMs?: number }): Promise<SeenEvent>
}

/** TKA, installed in the lab under names of its own and running. Disposing of it uninstalls it. */
export interface Install extends AsyncDisposable {
  readonly install: string
  readonly cluster: string
  readonly namespaces: { readonly system: string; readonly sessions: string }
  /** Address of the Broker; to be dialled through the lab's cluster DNS. */
  readonly brokerUrl: string
  /** Name of login's node in the tailnet. */
  readonly hostname: string
  readonly shadow: Shadow
  /** Directory with one private JWK per function (`<function>.jwk.json`) and `jwks.json`, as `make keys` writes them. */
  readonly keysDir: string
  /** Subscribes to the Broker and waits until the Trigger is Ready. */
  subscribe(types?: readonly string[]): Promise<EventTap>
  /** Runs the lab's kubectl with full rights; resolves to its standard output. */
  kubectl(...args: readonly string[]): Promise<string>
  /** Makes a Job of the CronJob now and waits until it has succeeded. */
  tick(): Promise<void>
}

/** Installs the rendered base in the lab under a prefix of its own and waits until everything works. */
export async function installTka(_lab: Lab, _options: InstallOptions = {}): Promise<Install> {
  throw new Error('in the making')
}
