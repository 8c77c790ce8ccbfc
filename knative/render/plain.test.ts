import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { plainFunctions } from './plain-functions.ts'

describe('the component without Serving', () => {
  it('runs the functions of the base', async () => {
    const file = new URL('../components/plain/functions.yaml', import.meta.url)
    assert.equal(await readFile(file, 'utf8'), await plainFunctions(), 'run node knative/plain.ts')
  })
})
