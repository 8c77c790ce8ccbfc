import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Library from '@kubernetes/client-node'
import { build } from 'esbuild'
import { trimKubernetesClient } from './trim-kubernetes-client.ts'

const source = `
  export { CoreV1Api, createConfiguration, ResponseContext, ServerConfiguration, wrapHttpLibrary } from '@kubernetes/client-node'
  export { ObjectSerializer } from '${fileURLToPath(import.meta.resolve('@kubernetes/client-node')).replace(/index\.js$/, 'gen/models/ObjectSerializer.js')}'
  export const read = core => core.readNamespacedServiceAccount
`

interface Bundled
  extends Pick<
    typeof Library,
    'CoreV1Api' | 'createConfiguration' | 'ResponseContext' | 'ServerConfiguration' | 'wrapHttpLibrary'
  > {
  readonly ObjectSerializer: { deserialize(data: unknown, type: string, format: string): unknown }
}

describe('the client library in a bundle', () => {
  let bundled: Bundled
  let bytes: number

  before(async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'trim-'))
    const sources = join(dir.path, 'sources')
    await mkdir(sources)
    await writeFile(join(sources, 'main.ts'), source)
    const outfile = join(dir.path, 'bundle.mjs')
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: import.meta.dirname },
      bundle: true,
      platform: 'node',
      format: 'esm',
      plugins: [trimKubernetesClient(sources)],
      write: false,
      outfile,
    })
    const [output] = outputFiles
    assert.ok(output)
    bytes = output.contents.byteLength
    await writeFile(outfile, output.contents)
    bundled = await import(pathToFileURL(outfile).href)
  })

  it('makes the calls that are named in the sources, and reads what they answer', async () => {
    const { CoreV1Api, createConfiguration, ResponseContext, wrapHttpLibrary } = bundled
    const baseServer = new bundled.ServerConfiguration('https://kubernetes.example.com', {})
    const paths: string[] = []
    const answer = JSON.stringify({
      metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z', ownerReferences: [{ name: 'b' }] },
    })
    const httpApi = wrapHttpLibrary({
      send: async request => {
        paths.push(new URL(request.getUrl()).pathname)
        const body = { text: async () => answer, binary: async () => Buffer.from(answer), stream: () => null }
        return new ResponseContext(200, { 'content-type': 'application/json' }, body)
      },
    })
    const core = new CoreV1Api(createConfiguration({ baseServer, httpApi }))
    const { metadata } = await core.readNamespacedServiceAccount({ name: 'a', namespace: 'tka' })
    assert.deepEqual(paths, ['/api/v1/namespaces/tka/serviceaccounts/a'])
    assert.deepEqual(metadata?.creationTimestamp, new Date('2026-01-01T00:00:00Z'))
    assert.equal(metadata?.ownerReferences?.[0]?.name, 'b')
  })

  it('has no other calls', () => {
    assert.equal(bundled.CoreV1Api.prototype.listNode, undefined)
    assert.equal(typeof bundled.CoreV1Api.prototype.readNamespacedServiceAccount, 'function')
  })

  it('refuses a model that was left out, in place of passing it on as it is', () => {
    const { deserialize } = bundled.ObjectSerializer
    assert.throws(() => deserialize({ spec: {} }, 'V1Pod', ''), /V1Pod was left out of the bundle/)
  })

  it('sends nothing by itself', async () => {
    const baseServer = new bundled.ServerConfiguration('https://kubernetes.example.com', {})
    const core = new bundled.CoreV1Api(bundled.createConfiguration({ baseServer }))
    await assert.rejects(
      async () => core.readNamespacedServiceAccount({ name: 'a', namespace: 'tka' }),
      /HTTP client .* was left out/,
    )
  })

  it('is small', () => assert.ok(bytes < 150_000, `${bytes} bytes`))
})
