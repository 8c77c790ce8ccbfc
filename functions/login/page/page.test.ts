import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { TailnetPerson } from '#core/tailnet-identity'
import { ProblemBody, readBody } from '../testing/read-body.ts'
import { alice, createTrialLogin, type TrialLogin, view } from '../testing/trial-login.ts'
import { deny } from '../testing/trial-provisioner.ts'
import { liveRecord } from '../testing/trial-sessions.ts'

const edit = { role: 'edit', period: '90m', namespaces: ['web'], priority: -1 }
/** What browsers send when a person follows a link or types an address. */
const browser = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
}
/** What they send when the person presses a button of the page. */
const button = { ...browser, origin: 'http://tka', 'content-type': 'application/x-www-form-urlencoded' }

const get = (trial: TrialLogin, person: TailnetPerson = alice(view), path = '/') =>
  trial.request('GET', path, person, browser)
const press = (trial: TrialLogin, path: string, person: TailnetPerson = alice(view)) =>
  trial.request('POST', path, person, button, '')
const textOf = async (response: Response | Promise<Response>) => (await response).text()

/** Whatever a page can do beyond showing text: its elements and their attributes. */
function elementsOf(page: string): readonly string[] {
  return page.replace(/<style>.*<\/style>/s, '').match(/<[a-z][^>]*>/g) ?? []
}

describe('GET /', () => {
  for (const [accept, type] of [
    [browser.accept, 'text/html'],
    ['text/html', 'text/html'],
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/json, text/html;q=0.9', 'application/json'],
  ] as const) {
    it(`is ${type} for whoever accepts ${accept}`, async () => {
      const response = await createTrialLogin().request('GET', '/', undefined, accept === undefined ? {} : { accept })
      assert.equal(response.status, 200)
      assert.ok(response.headers.get('content-type')?.startsWith(type))
      assert.equal(response.headers.get('vary'), 'Accept')
    })
  }

  it('says who you are, what you may have and how to get it', async () => {
    const page = await textOf(get(createTrialLogin(), alice(edit, view)))
    for (const words of ['Alice Liddell', 'alice@example.com', 'laptop.tail1.ts.net', 'cluster lab']) {
      assert.ok(page.includes(words), words)
    }
    assert.match(page, /You have no badge/)
    assert.match(page, /<strong>view<\/strong> in the whole cluster, for 1h</)
    assert.match(page, /<strong>edit<\/strong> in namespace web, for 1h30m</)
    const actions = [...page.matchAll(/<form method="post" action="([^"]*)">/g)].map(([, action]) => action)
    assert.deepEqual(actions, ['/login?role=view', '/login?role=edit'], 'the highest priority first')
  })

  it('says why you may have nothing, in the words of the API', async () => {
    for (const rules of [[], [{ role: 'view' }], [{ role: 'root', period: '1h' }], [view, { ...view, period: '2h' }]]) {
      const trial = createTrialLogin()
      const page = await textOf(get(trial, alice(...rules)))
      const { title, detail } = await readBody(await trial.request('POST', '~/login', alice(...rules)), ProblemBody)
      assert.ok(page.includes(String(title)))
      if (detail !== undefined) assert.ok(page.includes(String(detail).replaceAll('"', '&quot;')), page)
      assert.doesNotMatch(page, /<button/)
    }
  })

  it('looks again by itself while a badge is being made, and only then', async () => {
    const trial = createTrialLogin()
    const { serviceAccountUid: _, ...terms } = liveRecord()
    trial.sessions.put({ ...terms, phase: 'provisioning', requestExpiresAt: Date.now() + 5_000 })
    const page = await textOf(get(trial))
    assert.match(page, /<meta http-equiv="refresh" content="2">/)
    assert.match(page, /Your badge is being made/)
    assert.doesNotMatch(page, /action="\/login/)
    trial.sessions.put(liveRecord())
    assert.doesNotMatch(await textOf(get(trial)), /http-equiv/)
  })

  it('tells a device nothing of a session that its own rules do not give, but that there is one', async () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ node: 'another-node', role: 'secret-role', namespaces: ['secret-namespace'] }))
    const page = await textOf(get(trial))
    assert.match(page, /a badge whose rights this device does not give you/)
    assert.doesNotMatch(page, /secret|kubectl/)
    assert.match(page, /action="\/logout"/)
  })

  it('lets a person log out of what cannot be told while the watch of the Leases is broken', async () => {
    const trial = createTrialLogin()
    trial.sessions.current = false
    const page = await textOf(get(trial))
    assert.match(page, /It cannot be told whether you have a badge/)
    assert.match(page, /action="\/logout"/)
    assert.equal((await press(trial, '/logout')).status, 303)
  })

  it('says that the last login failed, and that the last badge ended', async () => {
    const failing = createTrialLogin({ broker: async event => deny(event, 'unavailable') })
    assert.equal((await press(failing, '/login')).status, 503)
    assert.match(await textOf(get(failing)), /Your last login failed/)
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ validUntil: Date.parse('2026-01-02T03:04:05Z') }))
    assert.match(
      await textOf(get(trial)),
      /ended at <time datetime="2026-01-02T03:04:05Z">2026-01-02 03:04 UTC<\/time>/,
    )
  })
})

describe('the buttons', () => {
  it('get the badge, show it with its time and its command, and give it back', async () => {
    const trial = createTrialLogin()
    const login = await press(trial, '/login?role=view')
    assert.deepEqual([login.status, login.headers.get('location')], [303, '/'])
    const page = await textOf(get(trial))
    assert.match(page, /<p class="big">view<\/p>/)
    assert.match(page, /<time datetime="[-0-9T:]+Z">(59m|1h)<\/time> left/)
    assert.match(page, /<textarea [^>]*readonly[^>]*>\(umask 077 .*\/api\/v1alpha1\/kubeconfig\)\nexport KUBECONFIG=/s)
    assert.match(page, /<button class="second">Renew<\/button>/)
    const logout = await press(trial, '/logout')
    assert.deepEqual([logout.status, logout.headers.get('location')], [303, '/'])
    const after = await textOf(get(trial))
    assert.match(after, /You have no badge/)
    assert.doesNotMatch(after, /<textarea/)
  })

  it('take the chosen one of several roles', async () => {
    const trial = createTrialLogin()
    await press(trial, '/login?role=edit', alice(view, edit))
    const page = await textOf(get(trial, alice(view, edit)))
    assert.match(page, /<p class="big">edit<\/p>\s*<p class="quiet">in namespace web<\/p>/)
    assert.match(page, /Switch to view/)
  })

  const refusals = [
    ['without a rule', '/login', alice(), 403],
    ['with rules that tie', '/login', alice(view, { ...edit, priority: 0 }), 400],
    ['with a period out of bounds', '/login', alice({ ...view, period: '9h' }), 422],
    ['without a session', '/logout', alice(view), 404],
  ] as const
  for (const [what, path, person, status] of refusals) {
    it(`answer ${status} ${what}, as a page in the words of the API`, async () => {
      const trial = createTrialLogin()
      const response = await press(trial, path, person)
      const json = await trial.request('POST', `~${path}`, person)
      assert.deepEqual([response.status, json.status], [status, status])
      assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
      const page = await response.text()
      const { title, detail, advice } = await readBody(json, ProblemBody)
      for (const words of [title, detail ?? '', ...advice]) {
        assert.ok(page.includes(String(words).replaceAll('"', '&quot;')), String(words))
      }
    })
  }

  it('say when to come back, where that helps', async () => {
    const trial = createTrialLogin({ broker: async event => deny(event, 'unavailable') })
    assert.equal((await press(trial, '/login')).headers.get('retry-after'), '1')
  })

  it('count with the requests of programs: a page says what the JSON says, and logout still works', async () => {
    const trial = createTrialLogin({ config: { login: { limits: { perPerson: { perSecond: 0.1, burst: 10 } } } } })
    assert.equal((await press(trial, '/login')).status, 303)
    for (let i = 0; i < 9; i += 1) assert.equal((await trial.request('GET', '~/roles')).status, 200)
    const [page, json] = [await press(trial, '/login'), await trial.request('POST', '~/login')]
    assert.deepEqual([page.status, json.status, (await get(trial)).status], [429, 429, 429])
    assert.equal(page.headers.get('retry-after'), '10')
    assert.equal(json.headers.get('retry-after'), '10')
    const { title, detail, advice } = await readBody(json, ProblemBody)
    const html = await page.text()
    for (const words of [title, detail, ...advice].map(String)) assert.ok(html.includes(words), words)
    assert.equal((await press(trial, '/logout')).status, 303)
  })

  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'http://tka:8080' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { host: 'evil.example', origin: 'http://evil.example' },
    { origin: '' },
  ]) {
    it(`do nothing when another site presses them: ${JSON.stringify(headers)}`, async () => {
      const trial = createTrialLogin()
      trial.sessions.put(liveRecord())
      for (const path of ['/login', '/logout', '~/login', '~/logout']) {
        assert.equal((await trial.request('POST', path, undefined, { ...button, ...headers }, '')).status, 403, path)
      }
      const { origin: _, ...silent } = button
      assert.equal((await trial.request('POST', '/login', undefined, silent, '')).status, 403, 'without an Origin')
      assert.deepEqual(trial.sent, [])
    })
  }
})

describe('who is in the cluster now', () => {
  const guard = { ...view, viewSessions: true }
  const filled = () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord())
    const { serviceAccountUid: _, ...terms } = liveRecord({ name: 'tka-user-eve', login: 'eve@example.com' })
    trial.sessions.put({ ...terms, phase: 'provisioning', requestExpiresAt: Date.now() + 5_000 })
    trial.sessions.put(liveRecord({ name: 'tka-user-old', login: 'old@example.com', validUntil: Date.now() - 1 }))
    trial.sessions.put(
      liveRecord({ name: 'tka-user-bob', login: 'bob@example.com', role: 'edit', namespaces: ['db', 'web'] }),
    )
    return trial
  }

  it('is told where a rule lets the person see it', async () => {
    const page = await textOf(get(filled(), alice(guard)))
    assert.match(page, /In the cluster now: 2/)
    assert.match(page, /alice@example\.com<\/bdi> \(you\)/)
    assert.match(page, /bob@example\.com<\/bdi><\/div>\s*<div class="quiet">edit in namespaces db, web, <time/)
    assert.doesNotMatch(page, /eve@|old@/)
  })

  it('is told to nobody else, nor by a rule that would be refused or beside one that cannot be read', async () => {
    for (const rules of [[], [view], [{ ...guard, role: 'root' }], [guard, { role: 'edit' }]]) {
      assert.doesNotMatch(await textOf(get(filled(), alice(...rules))), /bob@|In the cluster now/)
    }
  })
})

describe('every page', () => {
  const pages = async () => {
    const trial = createTrialLogin()
    const all = [await get(trial), await get(trial, alice()), await get(trial, alice(view), '/nowhere')]
    trial.sessions.put(liveRecord())
    return [...all, await get(trial, alice({ ...view, viewSessions: true }))]
  }

  it('lets in its own stylesheet by its hash, and no script, frame or other site', async () => {
    for (const response of await pages()) {
      const policy = response.headers.get('content-security-policy') ?? ''
      const page = await response.text()
      const [, style = ''] = /<style>(.*)<\/style>/s.exec(page) ?? []
      assert.ok(policy.includes(`style-src 'sha256-${hash('sha256', style, 'base64')}';`), policy)
      assert.ok(policy.startsWith("default-src 'none';"))
      for (const directive of ["base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]) {
        assert.ok(policy.includes(directive), directive)
      }
      assert.doesNotMatch(policy, /unsafe|\*|http|script-src/)
      for (const element of elementsOf(page)) {
        assert.doesNotMatch(element, /<script|<i?frame|<object| style=| on[a-z]+=|(src|href|action)="(?!\/|data:image)/)
      }
    }
  })

  it('is kept by no cache and told to no other site', async () => {
    for (const { headers } of await pages()) {
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('referrer-policy'), 'same-origin')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    }
  })

  it('names its language, its title, its landmarks and its fields', async () => {
    for (const response of await pages()) {
      const page = await response.text()
      assert.match(page, /^<!doctype html>\s*<html lang="en">/)
      assert.match(page, /<title>[^<]+<\/title>/)
      for (const element of ['main', 'h1']) assert.equal(page.split(`<${element}>`).length, 2, element)
      for (const [, id] of page.matchAll(/<textarea id="([^"]+)"/g)) assert.ok(page.includes(`<label for="${id}">`))
      for (const [, id] of page.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)) {
        assert.ok(page.includes(` id="${id}"`), id)
      }
    }
  })

  it('shows hostile names as text', async () => {
    const hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'&'
    const person = { ...alice(view), login: hostile, displayName: hostile, node: { id: 'node-1', name: hostile } }
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ name: 'tka-user-x', login: hostile, role: hostile, namespaces: [hostile] }))
    const seen = await Promise.all([
      textOf(get(trial, { ...person, capabilities: [{ ...view, viewSessions: true }] })),
      textOf(get(trial, { ...person, capabilities: [{ role: hostile, period: hostile, namespaces: [hostile] }] })),
      textOf(press(trial, `/login?role=${encodeURIComponent(hostile)}`, person)),
      textOf(get(trial, person, `/${encodeURIComponent(hostile)}`)),
    ])
    for (const page of seen) {
      for (const element of elementsOf(page)) assert.doesNotMatch(element, /script|img|onerror/)
    }
    assert.ok(seen[0].includes('&lt;script&gt;'))
  })

  it('is for browsers outside the API; the API answers JSON to them too', async () => {
    const trial = createTrialLogin()
    for (const [path, type] of [
      ['/nowhere', /^text\/html/],
      ['~/nowhere', /^application\/json/],
      ['~/login', /^application\/json/],
    ] as const) {
      assert.match((await get(trial, alice(view), path)).headers.get('content-type') ?? '', type, path)
    }
  })

  it('tells a stranger in words why there is nothing for them', async () => {
    const response = await createTrialLogin().request('GET', '/', { kind: 'tagged' }, browser)
    assert.equal(response.status, 400)
    assert.match(await response.text(), /<h1>A tagged device belongs to no person<\/h1>/)
  })
})
