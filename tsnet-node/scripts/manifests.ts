import { helperPackage, type Platform, platforms } from '../src/helper-cache.ts'

/** What this package's own package.json says. */
export interface SourceManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly license: string
  readonly type: string
  readonly engines: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
}

/** A package.json as it is published. */
export type PublishedManifest = Readonly<Record<string, unknown>>

/**
 * The package.json of the published form: JavaScript with types, the helpers as optional dependencies of the same version,
 * and nothing that runs when it is installed.
 */
export function mainManifest(source: SourceManifest): PublishedManifest {
  const { name, version, description, keywords, license, type, engines, exports, bin } = source
  return {
    name,
    version,
    description,
    keywords,
    license,
    type,
    engines,
    exports: { ...mapValues(exports, publishedExport), './package.json': './package.json' },
    bin: mapValues(bin, compiled),
    files: ['dist', 'helper', 'headscale', 'CHANGELOG.md'],
    optionalDependencies: Object.fromEntries(platforms.map(platform => [helperPackage(platform), version])),
  }
}

/** The package.json of the package that carries the helper for one platform; npm installs it nowhere else. */
export function helperManifest({ version, license }: SourceManifest, platform: Platform): PublishedManifest {
  return {
    name: helperPackage(platform),
    version,
    description: `The helper program of tsnet-node for ${platform.os}-${platform.arch}`,
    license,
    os: [platform.os],
    cpu: [platform.arch],
    preferUnplugged: true,
    files: ['tsnet-helper', 'THIRD-PARTY-NOTICES.txt'],
  }
}

function publishedExport(source: string): Readonly<Record<string, string>> {
  return { types: compiled(source).replace(/\.js$/, '.d.ts'), default: compiled(source) }
}

function compiled(source: string): string {
  return source.replace('./src/', './dist/').replace(/\.ts$/, '.js')
}

function mapValues<T>(
  values: Readonly<Record<string, string>>,
  map: (value: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}
