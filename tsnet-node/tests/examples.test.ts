import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import http, { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import type { TailscaleNode } from '../src/index.ts'
import { locateHelper } from '../src/locate-helper.ts'
import { startTestnet, type Testnet } from '../src/testing/index.ts'
import { eventually, startNode } from './support.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))
const signal = () => AbortSignal.timeout(20_000)

suite('an example', () => {
  let net: Testnet
  let alice: TailscaleNode
  let dir: string
  let helper: string
  const tried = new Set<string>()
  before(async () => {
    net = await startTestnet()
    await net.setNode('alices', { login: 'alice@example.com' })
    alice = await startNode(net, { hostname: 'alices' })
    dir = await mkdtemp(join(tmpdir(), 'examples-'))
    helper = join(dir, 'helper')
    await writeFile(helper, offlineHelper(net.env), { mode: 0o755 })
  })
  after(async () => {
    await alice.close()
    await net[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })

  const start = (name: string, { args = [], env = {} }: Pick<Partial<Example>, 'args' | 'env'> = {}) => {
    tried.add(name)
    const controlled = { TS_CONTROL_URL: net.controlUrl, TSNET_NODE_HELPER: helper, ...env }
    return startExample({ name, args, env: controlled })
  }
  const request = async (url: string, options: http.RequestOptions = {}, body = '') => {
    const sent = http.request(url, { agent: alice.httpAgent(), signal: signal(), ...options })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage]
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }

  test('says hello to who is calling', async () => {
    await using example = await start('hello.ts')
    assert.equal(example.line, 'http://hello.tail-scale.ts.net/')
    assert.equal((await request(example.line)).body, 'hello alice@example.com on alices.tail-scale.ts.net\n')
  })

  test('answers by Hono who is calling and what they may', async () => {
    await net.setGrant('hono', { src: ['alice@example.com'], dst: ['host:hono'], app: { 'x.test/cap': [1, 2] } })
    await using example = await start('hono.ts')
    assert.deepEqual(JSON.parse((await request(example.line)).body), {
      kind: 'user',
      login: 'alice@example.com',
      device: 'alices.tail-scale.ts.net',
      tags: [],
    })
    const { body } = await request(`${example.line}capabilities`)
    assert.deepEqual(JSON.parse(body), { 'x.test/cap': [1, 2] })
  })

  test('chats over WebSockets, each in their own name', async () => {
    await using example = await start('websocket.ts')
    await using bob = await startNode(net, { hostname: 'bobs' })
    const lines: string[] = []
    const heard = (line: string) => eventually(() => lines.includes(line), { withinMs: 10_000, what: line })
    const hers = new WebSocket(example.line, { agent: alice.httpAgent() })
    hers.on('message', data => lines.push(String(data)))
    await heard('alice@example.com has come')
    const his = new WebSocket(example.line, { agent: bob.httpAgent() })
    await heard('bobs@example.com has come')
    his.send('hello')
    await heard('bobs@example.com: hello')
    hers.send('hello, bob')
    await heard('alice@example.com: hello, bob')
    hers.terminate()
    his.terminate()
  })

  test('gives back over raw TCP what it gets', async () => {
    await using example = await start('tcp.ts')
    assert.equal(example.line, 'tcp://echo.tail-scale.ts.net:7')
    const socket = await alice.dial({ host: 'echo', port: 7, signal: signal() })
    socket.end('and back')
    assert.equal(await text(socket), `alice@example.com at ${(await alice.status()).ips[0]}\nand back`)
  })

  test('lets in as a proxy whom the policy says, and says who they are', async () => {
    const behind = createServer(async (asked, response) => {
      response.setHeader('x-behind', 'yes')
      response.end(JSON.stringify({ path: asked.url, headers: asked.headers, body: await text(asked) }))
    }).listen(0, '127.0.0.1')
    await once(behind, 'listening')
    const { port } = behind.address() as { port: number }
    await using example = await start('proxy.ts', { env: { UPSTREAM: `http://127.0.0.1:${port}` } })
    const ask = (path: string, options: http.RequestOptions = {}, body = '') =>
      request(`${example.line.slice(0, -1)}${path}`, options, body)

    assert.equal((await ask('/open')).status, 403)
    const grant = (values: readonly unknown[]) =>
      net.setGrant('proxy', {
        src: ['alice@example.com'],
        dst: ['host:proxy'],
        app: { 'example.com/cap/proxy': values },
      })
    await grant([{ paths: ['/open'] }, { paths: ['/read'], methods: ['GET'] }])
    const letIn = async () => (await ask('/open')).status === 200
    await eventually(letIn, { withinMs: 10_000, what: 'let in' })

    const forged = { 'tailscale-user-login': 'root@example.com', 'x-own': 'kept' }
    const answer = await ask('/open/door?now', { method: 'POST', headers: forged }, 'a body')
    assert.equal(answer.headers['x-behind'], 'yes')
    const seen = JSON.parse(answer.body)
    assert.equal(seen.path, '/open/door?now')
    assert.equal(seen.body, 'a body')
    assert.equal(seen.headers['tailscale-user-login'], 'alice@example.com')
    assert.equal(seen.headers['tailscale-node'], 'alices.tail-scale.ts.net')
    assert.equal(seen.headers['x-own'], 'kept')
    assert.equal((await ask('/read')).status, 200)
    assert.equal((await ask('/read', { method: 'DELETE' })).status, 403)
    for (const path of ['/', '/opening', '/open/../read/x', '/open/%2e%2e/secret', '/open//x', '//open']) {
      assert.equal((await ask('/', { path })).status, 403, path)
    }
    await net.removeGrant('proxy')
    await eventually(async () => !(await letIn()), { withinMs: 10_000, what: 'shut out' })
    behind.closeAllConnections()
    behind.close()
  })

  test('fetches a page', async () => {
    await using server = await startNode(net, { hostname: 'page' })
    await server.serve(
      createServer((_, response) => response.end('the page')),
      { port: 80 },
    )
    await using example = await start('fetch.ts', { args: ['http://page/'] })
    assert.equal(example.line, 'the page')
    assert.equal(await example.exitCode, 0)
  })

  test('is left out of these tests by nobody', async () => {
    assert.deepEqual((await readdir(examples)).sort(), [...tried].sort())
  })
})

/** A helper that brings along what it needs on a tailnet of tests, which is none of an example's business. */
function offlineHelper(env: Readonly<Record<string, string>>): string {
  const assignments = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`)
  return ['#!/bin/sh', ...assignments, `exec '${locateHelper()}' "$@"`, ''].join('\n')
}

interface Example {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface RunningExample extends AsyncDisposable {
  /** Its first line. */
  readonly line: string
  readonly exitCode: Promise<number | null>
}

async function startExample({ name, args, env }: Example): Promise<RunningExample> {
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(examples, name), ...args], {
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = text(child.stderr)
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const failed = ended.then(async code => {
    throw new Error(`${name} ended with ${code}: ${await errors}`)
  })
  failed.catch(() => {}) // after its first line, an end is nobody's surprise
  try {
    const [line] = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line', { signal: signal() }),
      failed,
    ])
    return { line, exitCode: ended, [Symbol.asyncDispose]: () => endExample(child, ended) }
  } catch (error) {
    await endExample(child, ended)
    throw error
  }
}

async function endExample(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill()
  await ended
}
