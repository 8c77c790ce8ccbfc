import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import type { HelperExit, TailscaleNode, TailscaleSocket } from '../src/index.ts'
import type { Laptop } from '../src/testing/index.ts'
import { type SmallTailnet, startSmallTailnet } from './small-tailnet.ts'

const run = promisify(execFile)

suite('a program that starts other programs while its node serves', () => {
  let tailnet: SmallTailnet
  let node: TailscaleNode
  let laptop: Laptop
  const exits: HelperExit[] = []
  let held: Set<string>
  before(async () => {
    held = descriptors('self')
    tailnet = await startSmallTailnet()
    ;({ node, laptop } = tailnet)
    node.on('helperExit', exit => exits.push(exit))
    const server = createServer(async (request, response) => {
      const { stdout } = await run('/bin/echo', [(request.socket as TailscaleSocket).tailscale.user?.login ?? ''])
      response.end(stdout)
    })
    await node.serve(server, { port: 80 })
  })
  after(() => tailnet[Symbol.asyncDispose]())

  test('gets each one’s end and output, and answers everybody', async () => {
    const { helperPid } = node
    const rounds = Array.from({ length: 40 }, async () => {
      const agent = laptop.agent({ keepAlive: true })
      for (let i = 0; i < 5; i++) {
        const [exit, answer] = await Promise.all([
          run('/bin/sh', ['-c', 'exit 7']).catch((error: { readonly code?: unknown }) => error.code),
          laptop.request('http://server/', { agent }),
        ])
        assert.equal(exit, 7)
        assert.equal(answer.body, 'alice@example.com\n')
        execFileSync('/bin/true') // blocks the event loop until it has ended
      }
      agent.destroy()
    })
    await Promise.all(rounds)
    assert.deepEqual(exits, [])
    assert.equal(node.helperPid, helperPid)
  })

  test('hands none of its descriptors down', async () => {
    const socket = await laptop.connect({ host: 'server', port: 80 })
    const opened = descriptors('self').difference(held)
    assert.ok(opened.size > 3, 'the control channel, a listener and a connection at least')
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    try {
      await once(child, 'spawn')
      assert.deepEqual(descriptors(child.pid).intersection(opened), new Set())
    } finally {
      child.kill()
      socket.destroy()
    }
  })
})

/** What a process has open, by the names that the kernel gives it. */
function descriptors(pid: number | 'self' | undefined): Set<string> {
  const folder = `/proc/${pid}/fd`
  return new Set(
    readdirSync(folder).flatMap(fd => {
      try {
        return [readlinkSync(`${folder}/${fd}`)]
      } catch {
        return [] // the one that the folder was read with
      }
    }),
  )
}
