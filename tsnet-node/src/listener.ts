import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Identity } from './identity.ts'

/** An ordinary `net.Socket` whose other end is on the tailnet; addresses and ports are the tailnet's. */
export type TailscaleSocket = Socket & { readonly tailscale: Identity }

export interface ListenerEvents {
  connection: [socket: TailscaleSocket]
  close: []
}

/** A port of the tailnet, in the shape of `net.Server`. It survives a restart of the helper. */
export class TailscaleListener extends EventEmitter<ListenerEvents> implements AsyncDisposable {
  /** Where it listens. */
  address(): { readonly address: string; readonly port: number; readonly family: 'IPv4' | 'IPv6' } {
    throw new Error('in the making')
  }

  /** Stops listening; open connections stay. */
  async close(): Promise<void> {
    throw new Error('in the making')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
