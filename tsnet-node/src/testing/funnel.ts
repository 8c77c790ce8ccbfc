import type { Socket } from 'node:net'

export interface FunnelOptions {
  /** Process that holds the `TailscaleNode`: this one by default. It must run the helper built with the tag `testfunnel`. */
  readonly pid?: number
  /** Tailnet port of the listener. */
  readonly port: number
  /** Address of the pretended Internet client; `203.0.113.7:4242` by default. */
  readonly src?: string
  readonly signal?: AbortSignal
}

/**
 * Opens a connection that the helper takes for one from Funnel, and returns it to speak on. Needs the test helper
 * (`helperPath` or `TSNET_NODE_HELPER` from `buildGo({ package: '.', tags: ['testfunnel'], name: … })`).
 */
export async function connectFunnel(_options: FunnelOptions): Promise<Socket> {
  throw new Error('in the making')
}
