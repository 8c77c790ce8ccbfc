import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { Ask, hear, say, type Told } from './supervisor-messages.ts'

/** What the holders may ask of what they hold. */
export interface Held {
  route(host: string, port: number | undefined): void
}

/** Everybody who is connected. */
export interface Holders extends Disposable {
  /** Tells all who hold now, and all who come later. */
  tell(message: Told): void
  /** From now on asks are answered by it; refused before. */
  serve(held: Held): void
}

/** Where holders connect, and what happens when none is left. */
export interface HoldersOptions {
  readonly socket: string
  /** Infinity: until it is ended. */
  readonly lingerMs: number
  /** Called once nobody has held for the linger time. */
  readonly onUnheld: () => void
}

/** How long the first holder has to connect. */
const firstHolderMs = 10_000

/**
 * Counts connections to a unix socket. Each is one hold, so whoever dies lets go without a word; the names in cluster
 * DNS that it asked for go with it. Disposing closes the door and ends all connections.
 */
export async function openHolders({ socket: path, lingerMs, onUnheld }: HoldersOptions): Promise<Holders> {
  const names = new Map<Socket, Set<string>>()
  const told: Told[] = []
  let held: Held | undefined
  let timer: NodeJS.Timeout | undefined

  const lingerUnlessHeld = (ms: number): void => {
    clearTimeout(timer)
    if (names.size === 0 && ms < Number.POSITIVE_INFINITY) timer = setTimeout(onUnheld, ms)
  }
  const obey = (ask: Ask, own: Set<string>): void => {
    if (held === undefined) throw new Error('it is not up yet')
    held.route(ask.host, ask.port)
    if (ask.port === undefined) own.delete(ask.host)
    else own.add(ask.host)
  }
  const answer = (socket: Socket, ask: Ask, own: Set<string>): void => {
    const done = { told: 'done', id: ask.id } as const
    try {
      obey(ask, own)
      say(socket, done)
    } catch (error) {
      say(socket, { ...done, error: error instanceof Error ? error.message : String(error) })
    }
  }
  const welcome = async (socket: Socket): Promise<void> => {
    const own = new Set<string>()
    names.set(socket, own)
    clearTimeout(timer)
    for (const message of told) say(socket, message)
    await hear(socket, Ask, ask => answer(socket, ask, own)).catch(() => socket.destroy())
    names.delete(socket)
    for (const name of own) held?.route(name, undefined)
    // A start that nobody waits for any more is given up at once.
    if (server.listening) lingerUnlessHeld(held === undefined ? 0 : lingerMs)
  }

  await rm(path, { force: true })
  const server = createServer(welcome).listen(path)
  await once(server, 'listening')
  lingerUnlessHeld(firstHolderMs)
  return {
    tell(message) {
      told.push(message)
      for (const socket of names.keys()) say(socket, message)
    },
    serve(served) {
      held = served
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      server.close()
      for (const socket of names.keys()) socket.end()
    },
  }
}
