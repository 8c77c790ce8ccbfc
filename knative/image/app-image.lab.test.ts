import assert from 'node:assert/strict'
import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Version } from '@cyclonedx/cyclonedx-library/Spec'
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation'
import * as v from 'valibot'
import { podTemplates } from '../base/pod-templates.ts'
import { runProgram } from '../lab/run-program.ts'
import { readBase } from '../render/read-base.ts'
import { baseLayer } from './base-layer.ts'
import { cacheDir } from './cache-dir.ts'
import { fetchDebian, readDistribution } from './fetch-debian.ts'
import { fetchNode } from './fetch-node.ts'
import { imagePlatforms } from './platform.ts'
import { type Containerd, startContainerd, whyNoContainers } from './testing/containerd.ts'
import { isInPath } from './testing/is-in-path.ts'

const skip = whyNoImage() ?? false
const name = 'dev.local/tka:test'

describe('the image', { skip }, () => {
  const resources = new AsyncDisposableStack()
  let dir: string
  let archive: string

  before(async () => {
    dir = resources.use(await mkdtempDisposable(join(tmpdir(), 'app-image-'))).path
    archive = await make('image.tar')
  })
  after(() => resources.disposeAsync())

  async function make(file: string): Promise<string> {
    const out = join(dir, file)
    const args = ['knative/image/main.ts', '--platform', here(), '--name', name, '--out', out]
    const { code, stderr } = await runProgram(process.execPath, args, { timeoutMs: 180_000 })
    assert.equal(code, 0, stderr)
    return out
  }

  it('has the same bytes when it is made again', async () => {
    const again = await make('again.tar')
    assert.equal(await listing(again), await listing(archive))
    assert.ok((await readFile(again)).equals(await readFile(archive)))
  })

  it('has a bill of materials of what is in it, valid as CycloneDX', async () => {
    const [file = ''] = (await readdir(dir)).filter(each => /^image\.linux-.*\.cdx\.json$/.test(each))
    const text = await readFile(join(dir, file), 'utf8')
    assert.equal(await new JsonStrictValidator(Version.v1dot6).validate(text), null)
    const { components } = v.parse(Bom, JSON.parse(text))
    for (const expected of ['node', 'libc6', 'hono', 'valibot', '@kubernetes/client-node', 'tailscale.com', 'stdlib']) {
      assert.equal(components.filter(component => component.name === expected).length, 1, expected)
    }
  })

  describe('in a container', { skip: whyNoContainers() ?? false }, () => {
    let containerd: Containerd

    before(async () => {
      containerd = resources.use(await startContainerd())
      await containerd.import(archive)
    })

    it('is nobody in particular and can write nowhere', async () => {
      const script = `
        const { writeFileSync } = require('node:fs')
        const { userInfo } = require('node:os')
        const refused = ['/app/x', '/tmp/x'].map(path => { try { writeFileSync(path, '') } catch ({ code }) { return code } })
        console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), name: userInfo().username, refused }))`
      const { stdout, stderr } = await run('node', '-e', script)
      assert.equal(stderr, '')
      const refused = ['EROFS', 'EROFS']
      assert.deepEqual(JSON.parse(stdout), { uid: 65532, gid: 65532, name: 'nonroot', refused })
    })

    it('starts everything that the manifests start, up to the configuration that they mount', async () => {
      const commands = podTemplates(await readBase()).flatMap(({ spec }) =>
        spec.containers.map(({ command }) => v.parse(v.array(v.string()), command)),
      )
      assert.ok(commands.length > 5)
      for (const command of commands) {
        const { stdout, stderr } = await run(...command)
        const [, started] = /\/app\/(.*)\.js$/.exec(command.at(-1) ?? '') ?? []
        const [line = ''] = `${stdout}${stderr}`.split('\n')
        const log = v.parse(Log, JSON.parse(line))
        assert.equal(log.function, started)
        assert.match(log.error.message, /\/etc\/tka\/config|"TKA_KEYS"/)
      }
    })

    it('holds the helper where login looks for it', async () => {
      const script = `
        const { spawnSync } = require('node:child_process')
        const { error, stderr } = spawnSync(process.env.TSNET_NODE_HELPER, { encoding: 'utf8' })
        console.log(error ?? stderr)`
      assert.match((await run('node', '-e', script)).stdout, /^tsnet-helper: started by hand\?/)
    })

    // As a SinkBinding writes it; whoever is without waits for it.
    const env = { K_SINK: 'http://broker.example.com' }
    const run = (...args: readonly string[]) => containerd.run(name, { args, env, readOnly: true })
  })
})

describe('the base of the image', { skip }, () => {
  const cannotRead = isInPath('readelf') ? false : 'no readelf in PATH (Debian: apt-get install binutils)'
  for (const [name, platform] of imagePlatforms) {
    it(`has every library that Node.js needs on ${name}`, { skip: cannotRead }, async () => {
      const packages = await fetchDebian(platform.architecture, cacheDir())
      const files = new Map(
        (await baseLayer(platform, packages, await readDistribution())).flatMap(entry =>
          'source' in entry && typeof entry.source === 'string' ? [[entry.path, entry.source]] : [],
        ),
      )
      const { executable } = await fetchNode(platform, cacheDir())
      const libraries = [...files].filter(([path]) => /\.so\.\d+$/.test(path))
      const needed = (await Promise.all([executable, ...libraries.map(([, file]) => file)].map(neededBy))).flat()
      assert.ok(needed.includes('libc.so.6'))
      const held = new Set(libraries.map(([path]) => path.slice(path.lastIndexOf('/') + 1)))
      assert.deepEqual(
        [...new Set(needed)].filter(library => !held.has(library)),
        [],
      )
    })
  }
})

const Bom = v.object({ components: v.array(v.object({ name: v.string() })) })
const Log = v.object({ function: v.string(), error: v.object({ message: v.string() }) })

/** Blobs are named by their content: what differs shows. */
async function listing(archive: string): Promise<string> {
  return (await runProgram('tar', ['--list', '--verbose', '--file', archive])).stdout
}

async function neededBy(file: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runProgram('readelf', ['--dynamic', '--wide', file])
  assert.equal(code, 0, stderr)
  return Array.from(stdout.matchAll(/\(NEEDED\).*\[(.+)\]$/gm), ([, library = '']) => library)
}

function here(): string {
  const found = [...imagePlatforms].find(([, { node }]) => node.arch === process.arch)
  assert.ok(found, `no image for ${process.arch}`)
  return found[0]
}

function whyNoImage(): string | undefined {
  const missing = ['apt-get', 'dpkg-deb'].filter(each => !isInPath(each))
  return missing.length > 0
    ? `no ${missing.join(', ')} in PATH: the image takes the C libraries from Debian packages`
    : undefined
}
