import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { parse } from 'yaml'
import { apiPath } from '../api-bodies.ts'
import document from '../openapi/openapi.json' with { type: 'json' }

interface Answer {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

type Operations = Readonly<
  Record<string, { readonly responses: Readonly<Record<string, Answer | { readonly $ref: string }>> }>
>

const paths: Readonly<Record<string, Operations>> = document.paths
const { components } = document
const refusals: Readonly<Record<string, Answer>> = components.responses

const schema = { $ref: '#/components/schemas/Problem' }
const problem: Answer = { content: { 'application/json': { schema } } }
const problemOrPage: Answer = { content: { ...problem.content, 'text/html': { schema } } }
/** Statuses of the refusals that come before it is looked at what was asked. */
const refusedAnywhere = [400, 403, 413, 429, 500, 503]

const ajv = new Ajv2020({ strict: true, allErrors: true })
formats.default(ajv)
ajv.addKeyword('components')
const compiled = new Map<object, ValidateFunction>()

/** Holds an answer to the OpenAPI document: its status, its media type, its body, its headers. */
export async function checkResponse(method: string, path: string, response: Response): Promise<void> {
  const what = `${method} ${path} → ${response.status}`
  const body = await response.text()
  const answer = documented(method, path.replace(/[?#].*$/, ''), response.status)
  assert.ok(answer, `${what} is not documented: ${body}`)
  for (const name of Object.keys(answer.headers ?? {})) {
    const always = name === 'X-Request-Id' || response.status === 429 || response.status === 503
    if (always) assert.ok(response.headers.has(name), `${what} has no ${name}`)
  }
  if (method === 'HEAD' || answer.content === undefined) return assert.equal(body, '', what)
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const content = answer.content[type === 'application/problem+json' ? 'application/json' : type]
  assert.ok(content, `${what} is not documented as ${type}`)
  if (type === 'text/html') return
  const validate = validatorOf(content.schema)
  const value: unknown = type.endsWith('yaml') ? parse(body) : JSON.parse(body)
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`)
}

/** The answer as the document has it; of HEAD, OPTIONS and what is not in it, it says the rest in words. */
function documented(method: string, path: string, status: number): Answer | undefined {
  const operations = paths[path]
  const operation = operations?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  if (operation) return resolve(operation.responses[status])
  if (operations && method === 'OPTIONS' && status === 204) return {}
  const notThere = operations ? 405 : 404
  if (status !== notThere && !refusedAnywhere.includes(status)) return undefined
  return path.startsWith(apiPath) ? problem : problemOrPage
}

function resolve(answer: Answer | { readonly $ref: string } | undefined): Answer | undefined {
  return answer !== undefined && '$ref' in answer ? refusals[answer.$ref.split('/').at(-1) ?? ''] : answer
}

function validatorOf(schema: object): ValidateFunction {
  const known = compiled.get(schema) ?? ajv.compile({ ...schema, components })
  compiled.set(schema, known)
  return known
}
