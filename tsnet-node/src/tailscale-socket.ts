import type { Socket } from 'node:net'
import { familyOf, splitAddress } from './address.ts'
import type { Identity } from './identity.ts'
import type { StreamHeader } from './stream-header.ts'

/** An ordinary `net.Socket` whose other end is on the tailnet; addresses and ports are the tailnet's. */
export type TailscaleSocket = Socket & { readonly tailscale: Identity }

/** Gives a stream from the helper the face of the connection that it carries. */
export function asTailscaleSocket(socket: Socket, { identity, local }: StreamHeader): TailscaleSocket {
  const here = local === undefined ? undefined : splitAddress(local)
  const face = {
    tailscale: identity,
    remoteAddress: identity.remoteAddress,
    remotePort: identity.remotePort,
    remoteFamily: familyOf(identity.remoteAddress),
    localAddress: here?.address,
    localPort: here?.port,
    localFamily: here && familyOf(here.address),
    ...(identity.tls && { encrypted: true }), // what frameworks look at to tell https from http
  }
  for (const [name, value] of Object.entries(face)) {
    Object.defineProperty(socket, name, { value, enumerable: true })
  }
  return socket as TailscaleSocket
}
