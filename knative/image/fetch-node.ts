import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import lock from '../../package-lock.json' with { type: 'json' }
import { makeOnce } from './make-once.ts'
import type { ImagePlatform } from './platform.ts'
import { runTool } from './run-tool.ts'

const npm = 'npm comes with Node.js'

const Locked = v.object({ name: v.string(), version: v.string(), integrity: v.string() })

/** Node.js for a platform, from the package that package-lock.json pins by its content. */
export interface FetchedNode {
  readonly package: string
  readonly version: string
  readonly executable: string
  readonly license: string
}

/** Fetches it into `cache` by npm, unless it is there; rejects when it is not what package-lock.json says. */
export async function fetchNode({ nodeDependency }: ImagePlatform, cache: string): Promise<FetchedNode> {
  const packages: Readonly<Record<string, unknown>> = lock.packages
  const { name, version, integrity } = v.parse(Locked, packages[`node_modules/${nodeDependency}`])
  const dir = await makeOnce(join(cache, `${name}-${version}`), async fresh => {
    const options = { cwd: fresh, whence: npm }
    await runTool('npm', ['pack', '--silent', '--prefer-offline', '--ignore-scripts', `${name}@${version}`], options)
    const archive = `${name}-${version}.tgz`
    const found = `sha512-${createHash('sha512')
      .update(await readFile(join(fresh, archive)))
      .digest('base64')}`
    if (found !== integrity) throw new Error(`${name}@${version} is ${found}, not ${integrity} as in package-lock.json`)
    const members = ['package/bin/node', 'package/LICENSE']
    await runTool('tar', ['--extract', '--gzip', '--file', archive, '--strip-components=1', ...members], {
      cwd: fresh,
      whence: 'install GNU tar',
    })
  })
  return { package: name, version, executable: join(dir, 'bin/node'), license: join(dir, 'LICENSE') }
}
