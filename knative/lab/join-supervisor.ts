import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { takeLock } from './lock.ts'
import { makePrivateDir } from './state-dir.ts'
import { socketName } from './supervise.ts'
import { type Ask, hear, say, Told } from './supervisor-messages.ts'
import { waitUntil } from './wait-until.ts'

/** Which supervisor to join. */
export interface JoinOptions {
  /** Its private directory. */
  readonly dir: string
  /** Started with `dir` as its argument when there is none: a TypeScript file that calls `supervise`. */
  readonly program: string
  /** Further arguments of the program. */
  readonly args?: readonly string[]
  /** What it holds, for messages: `the lab` by default. */
  readonly what?: string
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((line: string) => void) | undefined
}

/** A hold on a running stack: disposing of it, or dying, lets go. */
export interface Membership extends AsyncDisposable {
  readonly state: unknown
  route(host: string, port: number | undefined): Promise<void>
}

const logName = 'supervisor.log'
/** One may have been ending when we came; more than that is a crash. */
const attempts = 3

/** Joins the running supervisor, or starts one. Rejects with the reason when its stack cannot start. */
export async function joinSupervisor(options: JoinOptions): Promise<Membership> {
  await makePrivateDir(options.dir)
  for (let attempt = 0; attempt < attempts; attempt++) {
    options.signal?.throwIfAborted()
    const joined = await hold((await connectTo(options.dir)) ?? (await startAndConnect(options)), options)
    if (joined !== undefined) return joined
    // The supervisor was just ending: the next one is ours to start.
  }
  throw new Error(
    `the supervisor of ${options.what ?? 'the lab'} ends before it is up: see ${join(options.dir, logName)}`,
  )
}

/** Joins the running supervisor; `undefined` when there is none. */
export async function joinRunning(options: Omit<JoinOptions, 'program'>): Promise<Membership | undefined> {
  const socket = await connectTo(options.dir)
  return socket && (await hold(socket, options))
}

async function connectTo(dir: string): Promise<Socket | undefined> {
  const socket = connect(join(dir, socketName))
  socket.on('error', () => {}) // 'close' follows
  try {
    await once(socket, 'connect')
    return socket
  } catch {
    return undefined
  }
}

async function startAndConnect({ dir, program, args = [], what = 'the lab', signal }: JoinOptions): Promise<Socket> {
  await using _lock = await takeLock(`start ${dir}`, { signal })
  const other = await connectTo(dir)
  if (other !== undefined) return other
  const log = join(dir, logName)
  const fd = openSync(log, 'w', 0o600)
  // Detached: Ctrl-C in a terminal reaches the holders, and the supervisor ends once the last of them is gone.
  const child = spawn(process.execPath, [program, dir, ...args], {
    detached: true,
    stdio: ['ignore', fd, fd],
    env: cleanEnv(),
  })
  closeSync(fd)
  child.unref()
  const died = new AbortController()
  const onExit = () => died.abort(new Error(`the supervisor of ${what} ended: ${readFileSync(log, 'utf8')}`))
  child.once('exit', onExit)
  const until = AbortSignal.any([died.signal, ...(signal ? [signal] : [])])
  const found: Socket[] = []
  const listens = async (): Promise<true | string> => {
    const socket = await connectTo(dir)
    if (socket !== undefined) found.push(socket)
    return socket !== undefined || 'no socket'
  }
  await waitUntil(`the supervisor of ${what} listens`, listens, { signal: until, timeoutMs: 15_000 })
  child.off('exit', onExit)
  const [socket] = found
  if (socket === undefined) throw new Error('unreachable: the wait found a socket')
  return socket
}

/** The supervisor outlives whoever starts it: it takes neither a test runner's nor a debugger's settings along. */
function cleanEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, NODE_V8_COVERAGE: ___, ...env } = process.env
  return env
}

/** Waits until the stack is up; `undefined` when the supervisor ended without a reason. */
async function hold(
  socket: Socket,
  { signal, progress, what = 'the lab' }: Omit<JoinOptions, 'program'>,
): Promise<Membership | undefined> {
  const waiting = new Map<number, PromiseWithResolvers<void>>()
  const up = Promise.withResolvers<Extract<Told, { told: 'ready' }> | undefined>()
  let lastId = 0
  let gone = new Error(`${what} is gone`)

  const onTold = (message: Told): void => {
    if (message.told === 'progress') progress?.(message.line)
    else if (message.told === 'ready') up.resolve(message)
    else if (message.told === 'failed') {
      gone = new Error(`${what}: ${message.why}`)
      up.reject(gone)
    } else {
      const { error, id } = message
      if (error === undefined) waiting.get(id)?.resolve()
      else waiting.get(id)?.reject(new Error(error))
      waiting.delete(id)
    }
  }
  const closed = hear(socket, Told, onTold)
    .catch(up.reject)
    .then(() => {
      up.resolve(undefined)
      for (const { reject } of waiting.values()) reject(gone)
    })
  const abort = () => {
    up.reject(signal?.reason)
    socket.destroy()
  }
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const ready = await up.promise
    .catch((error: unknown) => {
      socket.destroy()
      throw error
    })
    .finally(() => signal?.removeEventListener('abort', abort))
  if (ready === undefined) return undefined

  // An idle hold does not keep its process alive; an ask does, until it is answered.
  socket.unref()
  const ask = async (message: Omit<Ask, 'id'>): Promise<void> => {
    if (!socket.writable) throw gone
    const id = ++lastId
    const answer = Promise.withResolvers<void>()
    waiting.set(id, answer)
    socket.ref()
    say(socket, { ...message, id })
    return answer.promise.finally(() => {
      if (waiting.size === 0) socket.unref()
    })
  }
  return {
    state: ready.state,
    route: (host, port) => ask({ host, ...(port === undefined ? {} : { port }) }),
    [Symbol.asyncDispose]: async () => {
      socket.ref()
      socket.end()
      await closed
    },
  }
}
