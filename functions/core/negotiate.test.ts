import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { negotiate } from './negotiate.ts'

const offered = ['application/json', 'application/yaml', 'text/yaml'] as const

describe('content negotiation', () => {
  const cases: readonly (readonly [string | undefined, string | undefined])[] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/yaml', 'application/yaml'],
    ['APPLICATION/YAML', 'application/yaml'],
    ['text/*', 'text/yaml'],
    ['text/html, */*;q=0.8', 'application/json'],
    ['application/json;q=0.5, application/yaml', 'application/yaml'],
    ['application/json; q=0.5 , text/yaml;charset=utf-8;q=0.7', 'text/yaml'],
    ['application/json;q=0, */*', 'application/yaml'],
    ['application/*;q=0.1, application/json;q=0.9, text/yaml;q=0.5', 'application/json'],
    ['text/html', undefined],
    ['application/json;q=0', undefined],
    ['application/json;q=2', undefined],
    ['nonsense', 'application/json'],
  ]
  for (const [accept, chosen] of cases) {
    it(`${accept ?? 'no Accept'} gives ${chosen ?? 'nothing'}`, () => assert.equal(negotiate(accept, offered), chosen))
  }

  it('never throws and gives only what is offered', () => {
    fc.assert(
      fc.property(fc.string(), accept => {
        const chosen = negotiate(accept, offered)
        return chosen === undefined || offered.includes(chosen)
      }),
    )
  })
})
