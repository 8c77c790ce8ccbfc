import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { createTrialLogin } from '../testing/trial-login.ts'
import { createDocument } from './document.ts'
import document from './openapi.json' with { type: 'json' }

describe('the OpenAPI document', () => {
  it('is what the schemas and the table of problems give (else: make openapi)', () => {
    assert.deepEqual(document, createDocument())
  })

  it('has nothing that a linter finds wrong', async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      // What the page's buttons send leads back to the page: 303.
      rules: { 'operation-2xx-response': 'off' },
    })
    const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config })
    assert.deepEqual(
      found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
      [],
    )
  })

  it('is served', async () => {
    const response = await createTrialLogin().request('GET', '/openapi.json')
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), document)
  })
})
