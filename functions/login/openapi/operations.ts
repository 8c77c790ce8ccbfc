import type * as v from 'valibot'
import { InternalKubeconfig, StandardKubeconfig } from '#core/kubeconfig'
import { ProblemBody, type ProblemCode } from '#core/problem'
import { apiPath, ClusterInfoBody, HomeBody, RolesBody, SessionBody, SessionWithMessage } from '../api-bodies.ts'

/** The shapes that have a name in the document. */
export const shapes = {
  Session: SessionBody,
  SessionWithMessage,
  InternalKubeconfig,
  StandardKubeconfig,
  ClusterInfo: ClusterInfoBody,
  Roles: RolesBody,
  Home: HomeBody,
  Problem: ProblemBody,
} as const satisfies Readonly<Record<string, v.GenericSchema>>

/** What an answer holds, by media type: a shape's name, or text of that type. */
export type Content = Readonly<Record<string, keyof typeof shapes | 'text' | 'object'>>

/** An answer that is no refusal. */
interface Success {
  readonly description: string
  readonly content?: Content
  readonly headers?: readonly ('Retry-After' | 'Location' | 'Preference-Applied')[]
}

/** One thing that can be asked. */
export interface Operation {
  readonly method: 'get' | 'post'
  readonly path: string
  readonly id: string
  readonly tag: 'api' | 'root'
  readonly summary: string
  readonly parameters?: readonly ('role' | 'prefer')[]
  readonly successes: Readonly<Record<number, Success>>
  readonly problems: readonly ProblemCode[]
}

const ofAll = [
  'bad-request',
  'tagged-node',
  'funnel',
  'peer-unknown',
  'host-not-ours',
  'origin-not-ours',
  'not-acceptable',
  'request-timeout',
  'body-too-large',
  'expectation-failed',
  'too-many-requests',
  'headers-too-large',
  'internal',
  'whois-failed',
] as const satisfies readonly ProblemCode[]

const ofApiPosts = [...ofAll, 'unsupported-media-type'] as const
const ofLogins = [
  'capability-invalid',
  'rules-tie',
  'no-rule',
  'role-not-offered',
  'namespace-protected',
  'rights-differ',
  'superseded',
  'period-invalid',
  'unavailable',
] as const satisfies readonly ProblemCode[]
const ofLogouts = ['already-signed-out', 'superseded', 'access-may-remain'] as const satisfies readonly ProblemCode[]

const json = (shape: Content[string]): Content => ({ 'application/json': shape })
const backToPage = { 303: { description: 'Done; the page shows it.', headers: ['Location'] } } as const

/** Everything that can be asked over the tailnet. */
export const operations: readonly Operation[] = [
  {
    method: 'post',
    path: `${apiPath}/login`,
    id: 'logIn',
    tag: 'api',
    summary: 'Get a session, by the rules that the tailnet policy has for you and this device',
    parameters: ['role', 'prefer'],
    successes: {
      202: {
        description: 'The session is usable; with `Prefer: respond-async`, it is being made.',
        content: json('Session'),
        headers: ['Retry-After', 'Location', 'Preference-Applied'],
      },
    },
    problems: [...ofApiPosts, ...ofLogins],
  },
  {
    method: 'get',
    path: `${apiPath}/login`,
    id: 'getLogin',
    tag: 'api',
    summary: 'Ask for your session',
    successes: {
      200: { description: 'The session is usable.', content: json('Session') },
      202: { description: 'It is being made.', content: json('SessionWithMessage'), headers: ['Retry-After'] },
    },
    problems: [...ofAll, 'not-signed-in', 'unavailable'],
  },
  {
    method: 'post',
    path: `${apiPath}/logout`,
    id: 'logOut',
    tag: 'api',
    summary: 'End your session, on every device of yours',
    successes: {
      200: {
        description: 'Access is gone; also for a session that ended within the last ten minutes.',
        content: json('SessionWithMessage'),
      },
    },
    problems: [...ofApiPosts, ...ofLogouts],
  },
  {
    method: 'get',
    path: `${apiPath}/kubeconfig`,
    id: 'getKubeconfig',
    tag: 'api',
    summary: 'Get what kubectl needs, with a token of your own',
    successes: {
      200: {
        description: 'As JSON, client-go’s internal form: maps by name. As YAML, what kubectl loads.',
        content: {
          'application/json': 'InternalKubeconfig',
          'application/yaml': 'StandardKubeconfig',
          'text/yaml': 'StandardKubeconfig',
          'application/x-yaml': 'StandardKubeconfig',
        },
      },
    },
    problems: [...ofAll, 'still-provisioning', 'not-signed-in', 'rights-differ', 'unavailable'],
  },
  {
    method: 'get',
    path: `${apiPath}/cluster-info`,
    id: 'getClusterInfo',
    tag: 'api',
    summary: 'Ask where the cluster is',
    successes: { 200: { description: 'Address and CA of the API server.', content: json('ClusterInfo') } },
    problems: ofAll,
  },
  {
    method: 'get',
    path: `${apiPath}/roles`,
    id: 'getRoles',
    tag: 'api',
    summary: 'Ask what you may have',
    successes: { 200: { description: 'What this device of yours can log in to.', content: json('Roles') } },
    problems: [...ofAll, 'capability-invalid'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getDocument',
    tag: 'root',
    summary: 'Get this document',
    successes: { 200: { description: 'OpenAPI 3.1.', content: json('object') } },
    problems: ofAll,
  },
  {
    method: 'get',
    path: '/',
    id: 'getHome',
    tag: 'root',
    summary: 'Ask what this is and who you are',
    successes: {
      200: {
        description: 'For programs as JSON, for people as a page.',
        content: { 'application/json': 'Home', 'text/html': 'text' },
      },
    },
    problems: ofAll,
  },
  {
    method: 'post',
    path: '/login',
    id: 'logInByForm',
    tag: 'root',
    summary: 'The page’s button that logs you in',
    parameters: ['role'],
    successes: backToPage,
    problems: [...ofAll, ...ofLogins],
  },
  {
    method: 'post',
    path: '/logout',
    id: 'logOutByForm',
    tag: 'root',
    summary: 'The page’s button that logs you out',
    successes: backToPage,
    problems: [...ofAll, ...ofLogouts],
  },
]
