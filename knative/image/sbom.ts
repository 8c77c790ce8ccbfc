import { ComponentType } from '@cyclonedx/cyclonedx-library/Enums'
import { Bom, Component, LicenseExpression } from '@cyclonedx/cyclonedx-library/Models'
import { JSON as Json, JsonSerializer } from '@cyclonedx/cyclonedx-library/Serialize'
import { Spec1dot6 } from '@cyclonedx/cyclonedx-library/Spec'
import * as v from 'valibot'
import manifest from '../../package.json' with { type: 'json' }
import lock from '../../package-lock.json' with { type: 'json' }
import type { ImageParts } from './app-image.ts'
import { runTool } from './run-tool.ts'

const Locked = v.object({ version: v.string(), license: v.optional(v.string()) })

/**
 * The bill of materials of one platform's image (CycloneDX 1.6, JSON): the npm packages that the bundles have a part of,
 * the Go modules that the helper says it is linked from, Node.js, the Debian packages. It names no date and no serial
 * number, so that equal images have equal ones.
 */
export async function billOfMaterials(parts: ImageParts): Promise<string> {
  const image = new Component(ComponentType.Container, manifest.name, {
    bomRef: 'image',
    version: manifest.version,
    description: manifest.description,
  })
  image.licenses.add(new LicenseExpression(manifest.license))
  const bom = new Bom()
  bom.metadata.component = image
  const all = [...npmPackages(parts.sources), ...(await goModules(parts.helper)), node(parts), ...debian(parts)]
  for (const component of all) {
    bom.components.add(component)
    image.dependencies.add(component.bomRef)
  }
  const serializer = new JsonSerializer(new Json.Normalize.Factory(Spec1dot6))
  return serializer.serialize(bom, { sortLists: true, space: 2 })
}

/** Of files such as `node_modules/a/node_modules/@b/c/index.js`: `@b/c`, as package-lock.json has it there. */
function npmPackages(sources: readonly string[]): readonly Component[] {
  const places = new Set(sources.map(file => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? ''))
  const packages: Readonly<Record<string, unknown>> = lock.packages
  return [...places].filter(Boolean).map(place => {
    const { version, license } = v.parse(Locked, packages[place])
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const found = component(name, version, `pkg:npm/${name.replace('@', '%40')}@${version}`)
    if (license) found.licenses.add(new LicenseExpression(license))
    return found
  })
}

/** `go version -m` says `go1.26.6` in the first line, and lists `dep <path> <version> <hash>`, indented by tabs. */
async function goModules(binary: string): Promise<readonly Component[]> {
  const printed = await runTool('go', ['version', '-m', binary], { whence: 'install Go' })
  const go = /: go(\S+)$/m.exec(printed)?.[1]
  if (go === undefined) throw new Error(`go version says no version of ${binary}`)
  const modules = Array.from(printed.matchAll(/^\tdep\t(\S+)\t(\S+)/gm), ([, path = '', version = '']) => [
    path,
    version,
  ])
  return [['stdlib', go], ...modules].map(([path = '', version = '']) =>
    component(path, version, `pkg:golang/${path}@${encodeURIComponent(version)}`),
  )
}

function node({ node: { package: name, version } }: ImageParts): Component {
  const found = component('node', version, `pkg:npm/${name}@${version}`, ComponentType.Platform)
  found.cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:lts:*:*:*`
  return found
}

function debian({ packages, distribution: { id, version: release }, platform }: ImageParts): readonly Component[] {
  return packages.map(({ name, version }) => {
    const [path, at] = [encodeURIComponent(name), encodeURIComponent(version)]
    return component(name, version, `pkg:deb/${id}/${path}@${at}?arch=${platform.architecture}&distro=${id}-${release}`)
  })
}

function component(
  name: string,
  version: string,
  purl: string,
  type: ComponentType = ComponentType.Library,
): Component {
  return new Component(type, name, { bomRef: purl, version, purl })
}
