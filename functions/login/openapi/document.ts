import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { type ProblemCode, problems } from '#core/problem'
import { type Content, type Operation, operations, shapes } from './operations.ts'

type Json = Readonly<Record<string, unknown>>

const title = 'TKA: a temporary badge for a Kubernetes cluster'
const description = `Over the tailnet only; who asks is known from the connection, never from the request. Every path that takes GET takes
HEAD, and every path answers OPTIONS with 204 and \`Allow\`. A method or a path that is not here is refused with 405 or 404, a request
under another name or from another site with 403, each with the same body as all refusals.`

const parameters = {
  role: {
    name: 'role',
    in: 'query',
    description: 'Only rules of yours with this role count. Without it, the rule with the highest priority.',
    schema: { type: 'string' },
  },
  prefer: {
    name: 'Prefer',
    in: 'header',
    description: '`respond-async`: answer at once, and make the session meanwhile (RFC 7240).',
    schema: { type: 'string' },
  },
}

const headers = {
  'Retry-After': { description: 'Seconds after which to ask again.', schema: { type: 'integer', minimum: 1 } },
  Location: { description: 'Where to go on.', schema: { type: 'string' } },
  'Preference-Applied': { description: 'The preference that was followed.', schema: { type: 'string' } },
  'X-Request-Id': {
    description: 'Names this request in the log; yours, if you sent one of at most 64 of `A-Z a-z 0-9 _ - =`.',
    schema: { type: 'string', pattern: '^[\\w=-]{1,64}$' },
  },
}

/** The OpenAPI 3.1 document of everything that can be asked over the tailnet, made from the schemas and the table of problems. */
export function createDocument(): Json {
  const paths: Record<string, Json> = {}
  const refusals: Record<string, Json> = {}
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describeOperation(operation) }
    for (const { name, codes } of refusalsOf(operation)) refusals[name] = describeRefusal(codes, operation.tag)
  }
  return {
    openapi: '3.1.1',
    info: {
      title,
      version: 'v1alpha1',
      description: oneLine(description),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: 'http://{host}', variables: { host: { default: 'tka', description: 'Its name in the tailnet.' } } },
    ],
    security: [],
    tags: [
      { name: 'api', description: 'The API.' },
      { name: 'root', description: 'Outside the API; refusals are a page for whoever likes that better.' },
    ],
    paths,
    components: {
      schemas: mapValues(shapes, schemaOf),
      responses: refusals,
      parameters,
      headers,
    },
  }
}

function describeOperation(operation: Operation): Json {
  const { id, tag, summary, parameters: names = [], successes } = operation
  const answers: Record<string, Json> = {}
  for (const [status, { description, content, headers: extra = [] }] of Object.entries(successes)) {
    answers[status] = {
      description,
      headers: headersOf(extra),
      ...(content === undefined ? {} : { content: contentOf(content) }),
    }
  }
  for (const { status, name } of refusalsOf(operation)) answers[status] = { $ref: `#/components/responses/${name}` }
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(names.length === 0 ? {} : { parameters: names.map(name => ({ $ref: `#/components/parameters/${name}` })) }),
    responses: answers,
  }
}

interface Refusal {
  readonly status: string
  readonly name: string
  readonly codes: readonly ProblemCode[]
}

/** What an operation may be refused with, one for each status, named by what is in it. */
function refusalsOf({ problems: codes, tag }: Operation): readonly Refusal[] {
  return [...Map.groupBy(codes, code => String(problems[code].status))].map(([status, those]) => ({
    status,
    name: `${tag}.${those.toSorted().join('.')}`,
    codes: those.toSorted(),
  }))
}

function describeRefusal(codes: readonly ProblemCode[], tag: Operation['tag']): Json {
  const kinds: Content = { 'application/json': 'Problem', 'application/problem+json': 'Problem' }
  const lines = codes.map(code => `\`${code}\`: ${problems[code].title}.`)
  const retriable = codes.some(code => problems[code].retriable)
  return {
    description: lines.join('\n'),
    headers: headersOf(retriable ? ['Retry-After'] : []),
    content: contentOf(tag === 'root' ? { ...kinds, 'text/html': 'text' } : kinds),
  }
}

function headersOf(names: readonly (keyof typeof headers)[]): Json {
  return Object.fromEntries([...names, 'X-Request-Id'].map(name => [name, { $ref: `#/components/headers/${name}` }]))
}

function contentOf(content: Content): Json {
  return mapValues(content, shape => {
    if (shape === 'text') return { schema: { type: 'string' } }
    if (shape === 'object') return { schema: { type: 'object' } }
    return { schema: { $ref: `#/components/schemas/${shape}` } }
  })
}

function schemaOf(shape: v.GenericSchema): Json {
  const { $schema: _, ...schema } = toJsonSchema(shape, {
    target: 'draft-2020-12',
    errorMode: 'throw',
    ignoreActions: ['readonly'],
  })
  return schema
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ')
}
