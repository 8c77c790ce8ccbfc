import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtempDisposable, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { joinSameVersion } from './join-same-version.ts'
import { joinRunning, joinSupervisor, type Membership } from './join-supervisor.ts'
import { isRunning } from './process-running.ts'
import { socketName, stateName } from './supervise.ts'
import { waitUntil } from './wait-until.ts'

const program = fileURLToPath(new URL('supervise-sleepers.ts', import.meta.url))
const State = v.object({ pids: v.record(v.string(), v.number()), supervisor: v.number() })

const joinIn = (dir: string): Promise<Membership> =>
  joinSupervisor({ dir, program, signal: AbortSignal.timeout(30_000) })
const stateOf = (member: Membership) => v.parse(State, member.state)

async function gone(pids: readonly number[]): Promise<void> {
  await waitUntil(
    'all processes are gone',
    async () => {
      const running = await Promise.all(pids.map(isRunning))
      return !running.includes(true) || `${pids.filter((_, i) => running[i])} run`
    },
    { timeoutMs: 10_000 },
  )
}

function everyPid(member: Membership): readonly number[] {
  const { pids, supervisor } = stateOf(member)
  return [...Object.values(pids), supervisor]
}

const tempDir = () => mkdtempDisposable(join(tmpdir(), 'supervise-'))

describe('a supervisor', () => {
  it('is shared: the second joins what the first started, and the last out ends it', async () => {
    await using dir = await tempDir()
    const [first, second] = await Promise.all([joinIn(dir.path), joinIn(dir.path)])
    assert.deepEqual(first.state, second.state)
    const pids = everyPid(first)
    await first[Symbol.asyncDispose]()
    await second.route('still.there.svc', 1)
    for (const pid of pids) assert.equal(await isRunning(pid), true)
    await second[Symbol.asyncDispose]()
    await gone(pids)
    assert.deepEqual(
      (await readdir(dir.path)).filter(name => name === socketName || name === stateName),
      [],
    )
    assert.equal(await joinRunning({ dir: dir.path }), undefined)
  })

  it('counts a holder out that was killed', async () => {
    await using dir = await tempDir()
    const source = `import { joinSupervisor } from ${JSON.stringify(new URL('join-supervisor.ts', import.meta.url).href)}
      const member = await joinSupervisor(${JSON.stringify({ dir: dir.path, program })})
      console.log(JSON.stringify(member.state)); setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(holder.stdout, 'data', { signal: AbortSignal.timeout(20_000) })
    const { pids, supervisor } = v.parse(State, JSON.parse(String(line)))
    holder.kill('SIGKILL')
    await gone([...Object.values(pids), supervisor])
  })

  it('takes its programs with it when it is killed, and the next holder starts anew', async () => {
    await using dir = await tempDir()
    const member = await joinIn(dir.path)
    const pids = everyPid(member)
    process.kill(stateOf(member).supervisor, 'SIGKILL')
    await gone(pids)
    assert.equal(existsSync(join(dir.path, stateName)), true, 'the killed one leaves its state behind')
    await using next = await joinIn(dir.path)
    assert.equal(
      everyPid(next).some(pid => pids.includes(pid)),
      false,
    )
    await assert.rejects(member.route('a.b.svc', 1), /the lab is gone/)
  })

  it('ends with all its programs when one of them ends unasked', async () => {
    await using dir = await tempDir()
    const member = await joinIn(dir.path)
    const pids = everyPid(member)
    process.kill(stateOf(member).pids.first ?? 0, 'SIGKILL')
    await gone(pids)
    await assert.rejects(member.route('a.b.svc', 1), /the lab: first ended unasked \(SIGKILL\)/)
  })

  it('answers each ask with its own outcome', async () => {
    await using dir = await tempDir()
    await using member = await joinIn(dir.path)
    const asked = await Promise.allSettled([
      member.route('a.b.svc', 1),
      member.route('broken', 2),
      member.route('a.b.svc', undefined),
    ])
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
  })

  it('is given up waiting for when asked', async () => {
    await using dir = await tempDir()
    const reason = new Error('enough')
    await assert.rejects(joinSupervisor({ dir: dir.path, program, signal: AbortSignal.abort(reason) }), reason)
  })
})

describe('a supervisor of another version', () => {
  const joinAnotherThan = (dir: string, older: Membership, more: { readonly patienceMs?: number } = {}) => {
    const said: string[] = []
    const joined = joinSameVersion({
      dir,
      program,
      lock: `sleepers ${dir}`,
      difference: state => (v.parse(State, state).supervisor === stateOf(older).supervisor ? 'sleep' : undefined),
      end: 'make down',
      progress: line => said.push(line),
      signal: AbortSignal.timeout(30_000),
      ...more,
    })
    return { joined, said }
  }

  it('is waited for, and once nobody holds it any more it ends and one of this version starts', async () => {
    await using dir = await tempDir()
    const older = await joinIn(dir.path)
    const { joined, said } = joinAnotherThan(dir.path, older)
    await waitUntil('it to be waited for', async () => said.length > 0 || 'nothing was said')
    assert.match(
      said.join(),
      /the lab that is running is of another version \(its sleep is another\): waiting for its end/,
    )
    await older.route('still.there.svc', 1)
    await older[Symbol.asyncDispose]()
    await using member = await joined
    assert.notEqual(stateOf(member).supervisor, stateOf(older).supervisor)
    await gone(everyPid(older))
  })

  it('that somebody holds is left alone, and it is said how to end it', async () => {
    await using dir = await tempDir()
    await using older = await joinIn(dir.path)
    await assert.rejects(
      joinAnotherThan(dir.path, older, { patienceMs: 300 }).joined,
      /another version \(its sleep is another\) and in use: end it with `make down`/,
    )
    await older.route('still.there.svc', 1)
  })
})
