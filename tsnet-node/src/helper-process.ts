import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlChannel, type ControlHandlers } from './control-channel.ts'
import { TailscaleError } from './errors.ts'
import { LastWords } from './last-words.ts'

/** How a helper ended. */
export interface HelperExit {
  readonly code: number | undefined
  readonly signal: string | undefined
  /** The panic that ended it, else the last line that it said; absent where it said nothing. */
  readonly reason?: string
}

/** The helper closes itself within 2 s of the end of its control socket; this is for one that does not. */
const killAfterMs = 3_000

/** The only variables of this process that a helper inherits. */
const inherited = ['HOME', 'TMPDIR', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap(
  name => (name.endsWith('_PROXY') ? [name, name.toLowerCase()] : [name]),
)

/** One running helper, with a private directory for its streams' sockets. */
export class HelperProcess {
  /** Directory of mode 0700, removed with the process. Its name begins with `tsnet-node-<pid of this process>-`. */
  readonly privateDir: string
  /** Settles when the process has ended and its directory is gone. */
  readonly exited: Promise<HelperExit>
  readonly pid: number
  readonly #channel: ControlChannel
  readonly #child: ChildProcess
  readonly #lastWords = new LastWords()

  private constructor(child: ChildProcess, pid: number, privateDir: string, handlers: ControlHandlers) {
    this.#child = child
    this.pid = pid
    this.privateDir = privateDir
    this.#channel = new ControlChannel(child.stdio[3] as Socket, handlers) // 'pipe' beyond fd 2 is a socket
    child.unref() // what the program waits for holds it: listeners, connections, questions
    ;(child.stderr as Socket | null)?.unref()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords.take(text)
    })
    this.exited = new Promise(resolve => {
      // Not at its exit: some of what it said may still be on its way then.
      child.once('close', (code, signal) => {
        const { reason } = this.#lastWords
        const exit = { code: code ?? undefined, signal: signal ?? undefined, ...(reason && { reason }) }
        this.#channel.fail(exitError(exit))
        void rm(privateDir, { recursive: true, force: true }).finally(() => resolve(exit))
      })
    })
  }

  /** Starts a helper and makes its private directory. */
  static async start(
    path: string,
    env: Readonly<Record<string, string>>,
    handlers: ControlHandlers,
  ): Promise<HelperProcess> {
    const privateDir = await makePrivateDir()
    try {
      const child = spawn(path, [], {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        env: { ...inheritedEnv(process.env), ...env },
      })
      const pid = await spawned(child)
      return new HelperProcess(child, pid, privateDir, handlers)
    } catch (error) {
      await rm(privateDir, { recursive: true, force: true })
      throw error
    }
  }

  ask(op: string, args: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#channel.ask(op, args, signal)
  }

  tell(op: string, args: unknown): void {
    this.#channel.tell(op, args)
  }

  /** Ends the helper and resolves when process and directory are gone. */
  async close(): Promise<void> {
    this.#child.ref()
    this.#channel.end()
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), killAfterMs)
    await this.exited
    clearTimeout(kill)
  }
}

function exitError({ code, signal, reason }: HelperExit): TailscaleError {
  const how = signal ? `was killed by ${signal}` : `exited with ${code}`
  return new TailscaleError('ERR_TSNET_HELPER_EXITED', `the helper ${how}${reason ? `: ${reason}` : ''}`)
}

async function makePrivateDir(): Promise<string> {
  try {
    const dir = await mkdtemp(join(tmpdir(), `tsnet-node-${process.pid}-`))
    await chmod(dir, 0o700)
    return dir
  } catch (cause) {
    throw new TailscaleError('ERR_TSNET', `no private directory can be made in ${tmpdir()}: set TMPDIR`, { cause })
  }
}

function inheritedEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(inherited.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0))
    child.once('error', cause =>
      reject(new TailscaleError('ERR_TSNET_HELPER_MISSING', `the helper does not start: ${cause.message}`, { cause })),
    )
  })
}
