import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '../../lab/wait-until.ts'

const inside = fileURLToPath(new URL('event-display-inside.ts', import.meta.url))
const namespace = ['-rn', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"']

/** Knative's event-display, running. */
export interface EventDisplay extends AsyncDisposable {
  readonly url: string
  /** Everything that it has printed. */
  readonly printed: () => string
}

/** Why event-display cannot run here; `undefined` where it can. */
export function whyNoEventDisplay(): string | undefined {
  const tried = spawnSync('unshare', [...namespace, 'true'], { encoding: 'utf8' })
  return tried.status === 0 ? undefined : `no network namespace to be had: ${tried.stderr ?? tried.error}`
}

/** Starts event-display in a network namespace of its own, since port 8080, which it has built in, is the dispatcher's. */
export async function startEventDisplay(program: string, parent: string): Promise<EventDisplay> {
  await using undo = new AsyncDisposableStack()
  const directory = await mkdtemp(join(parent, 'show-'))
  undo.defer(() => rm(directory, { recursive: true, force: true }))
  const socket = join(directory, 's')
  let printed = ''
  const child = spawn('unshare', [...namespace, process.execPath, inside, program, socket])
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  const ended = once(child, 'exit')
  undo.defer(async () => {
    child.stdin.end()
    await ended
  })
  const server = createServer(incoming => {
    const outgoing = connect(socket)
    pipeline(incoming, outgoing, incoming, () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  undo.defer(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/`
  await waitUntil('event-display to answer', async signal => {
    const { status } = await fetch(new URL('/healthz', url), { signal })
    return status < 500 || `it answers ${status}`
  })
  const resources = undo.move()
  return { url, printed: () => printed, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
