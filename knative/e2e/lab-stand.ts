import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type FunctionName, functionNames, type HttpMessage, importSigningKey, type SigningKey } from '#events'
import { type Lab, startLab } from '../lab/index.ts'
import { type Install, installTka, type SeenEvent } from '../lab/install.ts'
import type { InstallOptions } from '../lab/install-options.ts'
import { makeStand, type Stand } from './stand.ts'
import { config, roles } from './stand-config.ts'

/** A stand in the lab, which shows more than a cluster would. */
export interface LabStand extends Stand {
  readonly lab: Lab
  readonly install: Install
  /** The key of a function, as a thief would have it. */
  stolenKey(owner: FunctionName): Promise<SigningKey>
  /** POSTs a message to a function's own port, past the Broker. */
  post(target: FunctionName, message: HttpMessage): Promise<Posted>
}

/** How a function answered an event. */
interface Posted {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Starts (or joins) the lab and installs TKA in it. */
export async function openLabStand(options: InstallOptions = {}): Promise<LabStand> {
  await using stack = new AsyncDisposableStack()
  const lab = stack.use(await startLab())
  const install = stack.use(await installTka(lab, { roles, ...options, config: { ...config, ...options.config } }))
  stack.defer(() => keepLogs(install))
  const tap = stack.use(await install.subscribe())
  const { shadow, keysDir } = install
  const functions: Stand['functions'] = {
    scale: (name, replicas) => shadow.scale(name, replicas),
    logs: async name => shadow.logs(name).map(({ text }) => text),
  }
  return {
    ...makeStand({ place: lab, install, functions, tap }, stack.move()),
    lab,
    install,
    stolenKey: async owner => importSigningKey(JSON.parse(await readFile(join(keysDir, `${owner}.jwk.json`), 'utf8'))),
    post: async (target, message) => {
      const port = shadow.port(target)
      if (port === undefined) throw new Error(`${target} is not running`)
      return post(port, message)
    },
  }
}

/** Puts what the functions wrote where a person looks after a failed run: `.lab/logs/<install>/<function>.log`. */
async function keepLogs({ install, shadow }: Install): Promise<void> {
  const folder = fileURLToPath(new URL(`../../.lab/logs/${install}`, import.meta.url))
  await mkdir(folder, { recursive: true })
  for (const name of functionNames) {
    const lines = shadow.logs(name).map(({ text }) => `${text}\n`)
    await writeFile(join(folder, `${name}.log`), lines.join(''))
  }
}

async function post(port: number, { headers, body }: HttpMessage): Promise<Posted> {
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    method: 'POST',
    headers: { ...headers, 'content-length': body.byteLength },
    signal: AbortSignal.timeout(30_000),
  })
  request.end(body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}

/** An event as a subscriber got it, ready to be posted again. */
export function captured(event: SeenEvent): HttpMessage {
  const kept = Object.entries(event.headers).filter(([name]) => name.startsWith('ce-') || name === 'content-type')
  return { headers: Object.fromEntries(kept), body: event.body }
}
