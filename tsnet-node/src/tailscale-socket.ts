import type { Socket } from 'node:net'
import { type AddressPort, familyOf, splitAddress } from './address.ts'
import type { Identity } from './identity.ts'
import type { DialledHeader, StreamHeader } from './wire.ts'

/** An ordinary `net.Socket` whose other end is on the tailnet; addresses and ports are the tailnet's. */
export type TailscaleSocket = Socket & { readonly tailscale: Identity }

/** Gives a stream from the helper the face of the connection that it carries. */
export function asTailscaleSocket(socket: Socket, { identity, local }: StreamHeader): TailscaleSocket {
  const { remoteAddress, remotePort, tls } = identity
  define(socket, {
    tailscale: identity,
    ...addressesOf({ address: remoteAddress, port: remotePort }, local),
    ...(tls && { encrypted: true, alpnProtocol: tls.alpn || false }), // what frameworks tell https and h2 by
  })
  return socket as TailscaleSocket
}

/** Gives a dialled stream the addresses of its connection. */
export function asDialledSocket(socket: Socket, { remote, local }: DialledHeader): Socket {
  define(socket, addressesOf(splitAddress(remote), local))
  return socket
}

function addressesOf({ address, port }: AddressPort, local: string | undefined) {
  const here = local === undefined ? undefined : splitAddress(local)
  return {
    remoteAddress: address,
    remotePort: port,
    remoteFamily: familyOf(address),
    localAddress: here?.address,
    localPort: here?.port,
    localFamily: here && familyOf(here.address),
  }
}

function define(socket: Socket, face: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(face)) {
    Object.defineProperty(socket, name, { value, enumerable: true })
  }
}
