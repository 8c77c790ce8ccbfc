// What a holder of the lab and its supervisor say to each other: JSON, one message a line, over a unix socket.
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import * as v from 'valibot'

/** What a holder asks for, a name in cluster DNS; the connection itself is the hold. */
export const Ask = v.object({ id: v.number(), host: v.string(), port: v.optional(v.number()) })
/** What a holder asks for. */
export type Ask = v.InferOutput<typeof Ask>

/** What the supervisor tells. */
export const Told = v.variant('told', [
  v.object({ told: v.literal('progress'), line: v.string() }),
  v.object({ told: v.literal('ready'), state: v.unknown() }),
  v.object({ told: v.literal('failed'), why: v.string() }),
  /** The answer to the ask of this id. */
  v.object({ told: v.literal('done'), id: v.number(), error: v.optional(v.string()) }),
])
/** What the supervisor tells. */
export type Told = v.InferOutput<typeof Told>

/** Writes one message. */
export function say(socket: Socket, message: Ask | Told): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/** Reads messages until the connection ends, also by a reset; rejects on a message that does not fit the schema. */
export async function hear<Message>(
  socket: Socket,
  schema: v.GenericSchema<unknown, Message>,
  onMessage: (message: Message) => void,
): Promise<void> {
  socket.on('error', () => {}) // 'close' follows
  const closed = new Promise<void>(done => socket.once('close', () => done()))
  try {
    for await (const line of createInterface({ input: socket })) onMessage(v.parse(schema, JSON.parse(line)))
  } catch (error) {
    if (error !== socket.errored) throw error
  }
  await closed
}
