import { hostname } from 'node:os'
import type { Hono } from 'hono'
import type { Config } from '#core/config'
import type { Environment } from '#io/environment'
import type { Kubernetes } from '#io/kubernetes/kubernetes'
import type { Logger } from '#io/log'
import { identifyNode } from './identify.ts'
import { defaultTiming, holdNode } from './node-lease.ts'
import { nodeLeaseCalls } from './node-lease-calls.ts'
import { createNodeState, nodeStateCalls } from './node-state.ts'
import { type NodeUp, serveTailnet } from './serve-tailnet.ts'
import type { TailnetEnv } from './tailnet-env.ts'
import type { GrantDeps } from './watch-grants.ts'

/** The tailnet, whether or not this pod is its node right now. */
export interface Tailnet extends Pick<GrantDeps, 'whoIsNode' | 'handingOver'> {
  /** True while this pod is the tailnet node and takes requests. */
  readonly isUp: () => boolean
  /** Serves the app over the tailnet whenever this pod may be the node, until `signal`. */
  serve(app: Hono<TailnetEnv>, signal: AbortSignal): Promise<void>
}

/** What the tailnet needs. */
export interface TailnetOptions {
  readonly config: Config
  readonly env: Environment
  readonly kubernetes: Kubernetes
  readonly log: Logger
}

/** Puts the tailnet together: the node's state is in a Secret, and a Lease says which pod may be it. */
export function openTailnet({ config, env, kubernetes, log }: TailnetOptions): Tailnet {
  const { system: namespace } = config.namespaces
  const lease = { namespace, name: `${config.install}-login` }
  const holding = {
    // A restarted container is the same pod and takes its own Lease back at once.
    me: `${hostname()}-${process.pid}`,
    now: Date.now,
    monotonic: () => performance.now(),
    ...nodeLeaseCalls(kubernetes, lease),
    failed: (error: unknown) => log.warn('the Lease of the tailnet node failed', { error }),
    timing: defaultTiming,
  }
  const state = {
    ...nodeStateCalls(kubernetes, { namespace, name: `${config.install}-login-node` }),
    failed: (error: unknown) => log.warn('the state of the tailnet node could not be kept yet', { error }),
    retryMs: 500,
  }
  let up: NodeUp | undefined
  return {
    handingOver: () => up?.leaving.aborted ?? false,
    whoIsNode: async (id, signal) =>
      up ? identifyNode(id, up.node, config.capability, signal) : { kind: 'whois-failed' },
    isUp: () => up !== undefined && !up.leaving.aborted && up.node.state === 'Running',
    serve: (app, signal) =>
      serveTailnet(
        {
          config,
          app,
          log,
          state: over => createNodeState(state, over),
          authKeyFile: env.TKA_TAILNET_AUTH_KEY_FILE ?? '/etc/tka/tailnet/auth-key',
          nodeChanged: node => {
            up = node
          },
          hold: options => holdNode(holding, options),
        },
        signal,
      ),
  }
}
