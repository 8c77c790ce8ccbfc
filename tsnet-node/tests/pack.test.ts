import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, glob, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { helperPackage, platforms, thisPlatform } from '../src/helper-cache.ts'
import { startLaptop, startTestnet } from '../src/testing/index.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const consumer = fileURLToPath(new URL('fixtures/consumer', import.meta.url))
const helper = helperPackage(thisPlatform)

suite('the published packages', () => {
  let dir: string
  let app: string
  const installed = (path: string) => join(app, 'node_modules', path)
  /** Nothing of this program's: no flags, no helper by other ways than the package, no cache with a helper in it. */
  const env = () => ({ PATH: process.env.PATH, HOME: process.env.HOME, XDG_CACHE_HOME: join(dir, 'cache') })

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pack-'))
    app = join(dir, 'app')
    const { stdout } = await run(process.execPath, ['scripts/pack.ts', '--out', dir], { cwd: root })
    const tarballs = stdout.trim().split('\n')
    assert.equal(tarballs.length, 2)
    await cp(consumer, app, { recursive: true })
    await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: app })
  })
  after(() => rm(dir, { recursive: true, force: true }))

  test('bring JavaScript with types, sources to build from, and nothing of the tests', async () => {
    const files = await Array.fromAsync(glob('**', { cwd: installed('tsnet-node') }))
    for (const file of [
      'dist/index.js',
      'dist/index.d.ts',
      'helper/main.go',
      'headscale/go.mod',
      'LICENSE',
      'README.md',
    ]) {
      assert.ok(files.includes(file), file)
    }
    const unwanted = files.filter(file => /\.test\.|_test\.go$|^src|^scripts|^tests|bench|[^d]\.ts$/.test(file))
    assert.deepEqual(unwanted, [])
  })

  test('run nothing when installed, and depend on nothing but the helpers', async () => {
    const manifest = JSON.parse(await readFile(installed('tsnet-node/package.json'), 'utf8'))
    assert.equal(manifest.scripts, undefined)
    assert.equal(manifest.dependencies, undefined)
    assert.equal(manifest.private, undefined)
    const wanted = Object.fromEntries(platforms.map(platform => [helperPackage(platform), manifest.version]))
    assert.deepEqual(manifest.optionalDependencies, wanted)
    const ofHelper = JSON.parse(await readFile(installed(`${helper}/package.json`), 'utf8'))
    assert.deepEqual([ofHelper.os, ofHelper.cpu], [[thisPlatform.os], [thisPlatform.arch]])
    assert.equal(ofHelper.scripts, undefined)
  })

  test('bring a helper that may be run, and the licences of everything in it', async () => {
    assert.equal((await stat(installed(`${helper}/tsnet-helper`))).mode & 0o111, 0o111)
    const notices = await readFile(installed(`${helper}/THIRD-PARTY-NOTICES.txt`), 'utf8')
    const { stdout } = await run('go', ['version', '-m', installed(`${helper}/tsnet-helper`)])
    const linked = Array.from(stdout.matchAll(/^\tdep\t(\S+)\t(\S+)/gm), ([, path, version]) => `${path} ${version} (`)
    assert.ok(linked.length > 20)
    for (const module of ['Go go1.', ...linked]) assert.ok(notices.includes(`\n${module}`), module)
  })

  test('serve on a tailnet from plain JavaScript', async () => {
    await using net = await startTestnet()
    await net.setNode('laptop', { login: 'alice@example.com', displayName: 'Alice' })
    await using laptop = await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl })
    const hello = spawn(process.execPath, ['hello.js', net.controlUrl], {
      cwd: app,
      env: { ...env(), ...net.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const [line] = await once(createInterface({ input: hello.stdout }), 'line', {
        signal: AbortSignal.timeout(20_000),
      })
      assert.equal(line, 'up')
      assert.match((await laptop.request('http://hello/')).body, /^Hello Alice at laptop\..*!\n$/)
    } finally {
      hello.stdin.end()
      await once(hello, 'exit')
    }
  })

  test('have types that a strict TypeScript program compiles against, declarations included', async () => {
    const require = createRequire(import.meta.url)
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
    const typeRoots = dirname(dirname(require.resolve('@types/node/package.json')))
    const options = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'esnext',
      '--exactOptionalPropertyTypes',
    ]
    await run(process.execPath, [tsc, ...options, '--types', 'node', '--typeRoots', typeRoots, 'consumer.ts'], {
      cwd: app,
    })
  })

  test('bring the command that builds a helper', async () => {
    const { stdout } = await run(installed('.bin/tsnet-node-build-helper'), ['--help'], { env: env() })
    assert.match(stdout, /--all/)
  })

  test('say what to do where the helper was left out', async () => {
    await rm(installed(helper), { recursive: true })
    const failed = await run(process.execPath, ['hello.js', 'http://127.0.0.1:1'], { cwd: app, env: env() }).then(
      () => assert.fail('it ran'),
      (error: { readonly stderr: string }) => error.stderr,
    )
    assert.match(failed, /ERR_TSNET_HELPER_MISSING/)
    assert.match(failed, new RegExp(`Install the package ${helper}, .* npx tsnet-node-build-helper`))
  })
})
