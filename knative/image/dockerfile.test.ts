import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import lock from '../../package-lock.json' with { type: 'json' }
import { helperModule } from '../../tsnet-node/src/helper-cache.ts'
import { settings } from './app-image.ts'

const dockerfile = await readFile(new URL('Dockerfile', import.meta.url), 'utf8')
const [, builders = '', final = ''] = dockerfile.split(/^(?=FROM --platform=.*node:|FROM scratch)/m)

describe('the Dockerfile', () => {
  it('makes an image that is started as the archive is', () => {
    const lines = (instruction: string, values: object) =>
      Object.entries(values).map(([name, value]) => `${instruction} ${name}="${value}"`)
    assert.deepEqual(final.trim().split('\n'), [
      'FROM scratch',
      'COPY --from=build /rootfs /',
      ...lines('ENV', settings.env),
      ...lines('LABEL', settings.labels),
      `WORKDIR ${settings.workdir}`,
      `USER ${settings.user}`,
    ])
  })

  it('lays out the files by the same program', () => {
    assert.match(builders, /^ {4}node knative\/image\/main\.ts --rootfs \/rootfs --platform "\$TARGETPLATFORM"$/m)
  })

  it('builds with the versions that are pinned elsewhere', async () => {
    const go = /^go (\S+)$/m.exec(await readFile(`${helperModule}/go.mod`, 'utf8'))?.[1]
    assert.deepEqual(
      Array.from(builders.matchAll(/^FROM --platform=\$BUILDPLATFORM (\S+) AS/gm), ([, image]) => image),
      [`node:${lock.packages['node_modules/node'].version}-bookworm-slim`, `golang:${go}-bookworm`],
    )
  })
})
