import assert from 'node:assert/strict'
import fs, { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, mock } from 'node:test'
import {
  type FunctionName,
  type GeneratedKeys,
  generateKeys,
  importKeySet,
  importSigningKey,
  sign,
  verify,
} from '#events'
import { sampleEvent } from '#events/testing/sample-events'
import { loadKeys } from './load-keys.ts'
import { trialTelemetry } from './testing/trial-function.ts'
import { verifyEvent } from './verify-event.ts'

const start = Date.parse('2026-11-23T10:00:00Z')
const type = 'dev.tka.logout.requested.v1'
const makeKeys = () => generateKeys({ notBefore: start, notAfter: start + 86_400_000 })

/** Directories as the kubelet mounts them: the file is a link through `..data`, which is exchanged whole. */
async function mountKeys(owner: FunctionName, keys: GeneratedKeys, publicKeys: unknown = keys.public) {
  const root = await mkdtemp(join(tmpdir(), 'tka-mount-'))
  let version = 0
  async function publish(volume: string, file: string, content: string) {
    version += 1
    const directory = join(root, volume)
    await mkdir(join(directory, `..v${version}`), { recursive: true })
    await writeFile(join(directory, `..v${version}`, file), content)
    await symlink(`..v${version}`, join(directory, '..next'))
    await rename(join(directory, '..next'), join(directory, '..data'))
    await symlink(join('..data', file), join(directory, file)).catch(() => undefined)
  }
  const publishPublic = (content: unknown) => publish('public', 'jwks.json', JSON.stringify(content))
  const publishPrivate = (content: unknown) => publish('private', 'key.jwk.json', JSON.stringify(content))
  await publishPublic(publicKeys)
  await publishPrivate(keys.private.find(jwk => jwk.function === owner))
  const clock = { now: start }
  const { log, lines } = trialTelemetry()
  const env = { TKA_PUBLIC_KEYS_DIR: join(root, 'public'), TKA_SIGNING_KEY_DIR: join(root, 'private') }
  return {
    env,
    lines,
    clock,
    publishPublic,
    publishPrivate,
    load: () => loadKeys(env, { function: owner, log, now: () => clock.now }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
}

describe('mounted keys', () => {
  it('sign and verify', async () => {
    await using mount = await mountKeys('login', await makeKeys())
    const { sign, publicKeys } = await mount.load()
    const event = sampleEvent(type, start)
    const options = { publicKeys, cluster: 'lab', now: start, accept: [type] } as const
    assert.deepEqual(await verifyEvent(await sign(event), options), event)
  })

  it('are read again at once for a key id that nobody knows, and once only', async () => {
    const [old, next] = [await makeKeys(), await makeKeys()]
    await using mount = await mountKeys('login', old)
    const { publicKeys } = await mount.load()
    const jwk = next.private.find(key => key.function === 'login')
    const message = await sign(sampleEvent(type, start), await importSigningKey(jwk))
    const options = { publicKeys, cluster: 'lab', now: start, accept: [type] } as const
    await assert.rejects(verifyEvent(message, options), { reason: 'key-unknown' })
    await mount.publishPublic({ keys: [...old.public.keys, ...next.public.keys] })
    await verifyEvent(message, options)
  })

  it('that were taken away no longer count after some seconds', async () => {
    const [old, next] = [await makeKeys(), await makeKeys()]
    await using mount = await mountKeys('login', old)
    const { publicKeys, sign } = await mount.load()
    const message = await sign(sampleEvent(type, start))
    const options = { publicKeys, cluster: 'lab', now: start, accept: [type] } as const
    await mount.publishPublic(next.public)
    await verifyEvent(message, options)
    mount.clock.now += 5_000
    await assert.rejects(verifyEvent(message, options), { reason: 'key-unknown' })
  })

  it('change the signature when the private key is exchanged', async () => {
    const [old, next] = [await makeKeys(), await makeKeys()]
    await using mount = await mountKeys('login', old, { keys: [...old.public.keys, ...next.public.keys] })
    const { sign } = await mount.load()
    await mount.publishPrivate(next.private.find(jwk => jwk.function === 'login'))
    mount.clock.now += 5_000
    const keys = await importKeySet(next.public)
    await verify(await sign(sampleEvent(type, start)), { keys, cluster: 'lab', now: start, accept: [type] })
  })

  it('sign with the old key until the new one is published and good', async () => {
    const [old, next] = [
      await makeKeys(),
      await generateKeys({ notBefore: start + 300_000, notAfter: start + 86_400_000 }),
    ]
    const both = { keys: [...old.public.keys, ...next.public.keys] }
    await using mount = await mountKeys('login', old)
    const { publicKeys, sign } = await mount.load()
    const signedAt = async (now: number) => {
      mount.clock.now = now
      const options = { publicKeys, cluster: 'lab', now, accept: [type] } as const
      return verifyEvent(await sign(sampleEvent(type, now)), options)
    }
    await mount.publishPrivate(next.private.find(jwk => jwk.function === 'login'))
    await signedAt(start + 10_000)
    await mount.publishPublic(both)
    await signedAt(start + 20_000)
    await mount.publishPublic({ keys: next.public.keys })
    await signedAt(start + 300_000)
  })

  it('stay as they were when the new ones are unusable, and the log says so', async () => {
    const keys = await makeKeys()
    await using mount = await mountKeys('login', keys)
    const { publicKeys } = await mount.load()
    await mount.publishPublic({ keys: 'none' })
    const set = await publicKeys.reread()
    assert.ok(set.find(keys.public.keys[0]?.kid ?? ''))
    assert.equal(mount.lines.at(-1)?.severity, 'error')
  })

  it('are read at the next look when they could not be read once', async () => {
    const [old, next] = [await makeKeys(), await makeKeys()]
    await using mount = await mountKeys('login', old)
    const { publicKeys } = await mount.load()
    await mount.publishPublic(next.public)
    const tooManyFiles = mock.method(fs, 'readFile', () => Promise.reject(new Error('EMFILE')))
    syncBuiltinESMExports()
    await publicKeys.reread()
    tooManyFiles.mock.restore()
    syncBuiltinESMExports()
    const kid = next.public.keys[0]?.kid ?? ''
    assert.equal((await publicKeys.current()).find(kid), undefined)
    mount.clock.now += 5_000
    assert.ok((await publicKeys.current()).find(kid))
  })

  it('do not start a function with the key of another', async () => {
    const keys = await makeKeys()
    await using mount = await mountKeys('login', keys)
    await mount.publishPrivate(keys.private.find(jwk => jwk.function === 'logout'))
    await assert.rejects(mount.load(), /key of logout/)
  })

  it('do not start a function whose key nobody would believe', async () => {
    await using mount = await mountKeys('login', await makeKeys(), (await makeKeys()).public)
    await assert.rejects(mount.load(), /not among the public keys/)
  })

  it('that cannot be parsed are not quoted', async () => {
    const keys = await makeKeys()
    await using mount = await mountKeys('login', keys)
    await writeFile(join(mount.env.TKA_SIGNING_KEY_DIR, 'key.jwk.json'), `{"d":"${keys.private[0]?.d}`)
    await assert.rejects(
      mount.load(),
      (error: Error) => error.message === 'key.jwk.json is not JSON' && error.cause === undefined,
    )
  })
})
