import type { Context, Hono } from 'hono'
import { negotiate } from '#core/negotiate'
import type { Problem } from '#core/problem'
import type { LoginDeps } from '../deps.ts'
import { logIn } from '../log-in.ts'
import { logOut } from '../log-out.ts'
import { sayMore } from '../problem-response.ts'
import type { TailnetEnv } from '../tailnet-env.ts'
import { documentPolicy, type Html } from './document.ts'
import { kubeconfigCommand } from './kubeconfig-command.ts'
import { renderProblem } from './render-problem.ts'
import { renderView } from './render-view.ts'
import { viewOf } from './view.ts'

/** The page for people with a browser: the same flows as the API's, as forms. */
export interface Page {
  /** True for a client that likes a page better than JSON, outside the API. */
  wantedBy(c: Context<TailnetEnv>): boolean
  /** Who you are, what you may have, what you have. */
  home(c: Context<TailnetEnv>): Response | Promise<Response>
  /** What went wrong, in the words of the JSON. */
  problem(c: Context<TailnetEnv>, problem: Problem): Response | Promise<Response>
  /** Adds what the page's buttons send: each does its work, then leads back to the page. */
  addForms(app: Hono<TailnetEnv>): void
}

const forms = ['application/json', 'application/problem+json', 'text/html'] as const

/** Makes the page. */
export function createPage(deps: LoginDeps): Page {
  const policy = documentPolicy()

  function send(c: Context<TailnetEnv>, document: Html, status: 200 | Problem['kind']['status'] = 200) {
    c.header('Content-Security-Policy', policy)
    return c.html(document, status)
  }

  return {
    wantedBy: c => !c.req.path.startsWith('/api/') && negotiate(c.req.header('accept'), forms) === 'text/html',
    home: c =>
      send(c, renderView(viewOf(c.get('person'), deps), kubeconfigCommand(c.env.connection.listener, deps.config))),
    problem(c, problem) {
      sayMore(c, problem, deps.config.login.retryAfterSeconds)
      return send(c, renderProblem(problem), problem.kind.status)
    },
    addForms(app) {
      app.post('/login', async c => {
        const session = await logIn(c.env.connection.identify, c.req.query('role') || undefined, deps)
        c.set('session', session)
        return c.redirect('/', 303)
      })
      app.post('/logout', async c => {
        c.set('session', await logOut(c.get('person'), deps))
        return c.redirect('/', 303)
      })
    },
  }
}
