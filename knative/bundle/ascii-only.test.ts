import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { build } from 'esbuild'
import { asciiOnly } from './ascii-only.ts'

const source = `
  export const long = 10 + /* ±0 … */ 1
  export const units = /^(µs|μs)$/
  export const faces = /^[😀😁]$/u
  export const words = 'naïve 😀'
  export const µ = \`… \${words}\`
`

describe('a bundle in ASCII', () => {
  it('means what it did', async () => {
    const { outputFiles } = await build({ stdin: { contents: source }, format: 'esm', write: false })
    const written = outputFiles[0]?.text ?? ''
    assert.match(written, /μs/, 'nothing is left to escape')
    const escaped = asciiOnly(written)
    assert.match(escaped, /^[\0-\x7f]+$/)
    const before = await import(`data:text/javascript,${encodeURIComponent(written)}`)
    const after = await import(`data:text/javascript,${escaped}`)
    for (const name of ['long', 'words', 'µ']) assert.equal(after[name], before[name], name)
    for (const text of ['µs', 'μs', 's', '😀', '😁', '😂'])
      for (const name of ['units', 'faces'])
        assert.equal(after[name].test(text), before[name].test(text), `${name} ${text}`)
  })
})
