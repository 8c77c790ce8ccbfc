import assert from 'node:assert/strict'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { joinRunning } from '../lab/join-supervisor.ts'
import { takeLock } from '../lab/lock.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { clusterDir, clusterLock } from './cluster-dir.ts'
import { startCluster, whyNoCluster } from './index.ts'
import { kernelSettings } from './namespaces.ts'
import { readRoutes } from './network.ts'
import { skipLong } from './skip-long.ts'

/** What of a cluster is to be seen on this machine, but for cgroups and its directory. */
async function traces(pidNamespace: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const inside = await Promise.all(pids.map(async pid => (await pidNamespaceOf(pid)) === pidNamespace))
  const [mounts, routes, links] = await Promise.all([
    readFile('/proc/self/mounts', 'utf8'),
    readRoutes(),
    readdir('/sys/class/net'),
  ])
  const settings = await Promise.all(
    Object.keys(kernelSettings).map(async name => `${name} ${await readFile(join('/proc/sys', name), 'utf8')}`),
  )
  return [
    ...pids.filter((_, at) => inside[at]).map(pid => `process ${pid}`),
    ...mounts.split('\n').filter(line => line.includes(clusterDir)),
    ...links.map(name => `link ${name}`),
    ...routes.map(route => `route to ${route}`),
    ...settings,
  ]
}

/** Undefined for a process that has ended, also while its parent has not noticed. */
const pidNamespaceOf = (pid: string | number) => readlink(`/proc/${pid}/ns/pid_for_children`).catch(() => undefined)

async function cgroups(): Promise<readonly string[]> {
  const found = await readdir('/sys/fs/cgroup', { recursive: true })
  return found.filter(path => path.split('/').includes('tka-cluster'))
}

describe('a cluster', { skip: await whyNoCluster() }, () => {
  it('leaves nothing when it is killed, nor when it ends, and starts again', async t => {
    if (await stays()) return t.skip('a cluster is running that is to stay')
    const before = await traces('none')
    await using killed = await startCluster({ progress: console.log })
    const { supervisor = 0, namespaces = 0 } = killed.pids
    const pidNamespace = (await pidNamespaceOf(namespaces)) ?? ''
    assert.ok((await traces(pidNamespace)).length > before.length + 10, 'there was something to be left')
    process.kill(supervisor, 'SIGKILL')
    await waitUntil('nothing is left', async () => {
      const left = (await traces(pidNamespace)).filter(trace => !before.includes(trace))
      return left.length === 0 || left.join(', ')
    })

    const again = await startCluster({ level: 'node', progress: console.log })
    const second = (await pidNamespaceOf(again.pids.namespaces ?? 0)) ?? ''
    await again[Symbol.asyncDispose]()
    await using _ended = await takeLock(clusterLock, { signal: AbortSignal.timeout(30_000) })
    assert.deepEqual(await traces(second), before)
    assert.deepEqual(await cgroups(), [])
    assert.deepEqual(await readdir(join(clusterDir, 'run')), ['logs'])
  })

  it('waits for the end of one that is less than what is asked for', { skip: skipLong }, async t => {
    if (await stays()) return t.skip('a cluster is running that is to stay')
    const less = await startCluster({ level: 'node', progress: console.log })
    const waits = Promise.withResolvers<void>()
    const progress = (line: string) => {
      console.log(line)
      if (line.includes('its level is another')) waits.resolve()
    }
    const starting = startCluster({ level: 'eventing', progress })
    await Promise.race([waits.promise, starting.then(() => assert.fail('it did not wait'))])
    await less[Symbol.asyncDispose]()
    await using more = await starting
    assert.equal(more.level, 'eventing')
    assert.notEqual(more.pids.supervisor, less.pids.supervisor)
  })
})

/** Whether a cluster is running that is to stay; waits for the end of one that is not. */
async function stays(): Promise<boolean> {
  {
    await using running = await joinRunning({ dir: clusterDir })
    if (v.is(v.object({ stays: v.literal(true) }), running?.state)) return true
  }
  await using _ended = await takeLock(clusterLock, { signal: AbortSignal.timeout(120_000) })
  return false
}
