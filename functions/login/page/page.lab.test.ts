import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { type LabStand, openLabStand } from '../../../knative/e2e/lab-stand.ts'
import type { Person } from '../../../knative/lab/person.ts'
import { runProgram } from '../../../knative/lab/run-program.ts'
import { waitUntil } from '../../../knative/lab/wait-until.ts'
import { type Browser, faultsOf, findChromium, keepPicture, openBrowser } from './testing/browser.ts'

const view = { role: 'view', period: '8h', viewSessions: true }
const edit = { role: 'edit', period: '90m', namespaces: ['default'], priority: -1 }
const phone: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 2,
}
const executable = findChromium()

const inBrowser = { skip: executable === undefined && 'no Chromium in PATH (Debian: apt-get install chromium)' }

describe('the page in a browser on the tailnet', () => {
  let stand: LabStand
  let browser: Browser
  before(async () => {
    if (executable === undefined) return
    stand = await openLabStand()
    browser = await openBrowser(executable)
  })
  after(async () => {
    await browser?.[Symbol.asyncDispose]()
    await stand?.[Symbol.asyncDispose]()
  })

  const home = () => `http://${stand.install.hostname}/`

  async function open(person: Person, options?: BrowserContextOptions): Promise<Page> {
    return visit(await browser.profile(person, options))
  }

  async function visit(profile: BrowserContext): Promise<Page> {
    const page = await profile.newPage()
    const response = await page.goto(home())
    assert.equal(response?.status(), 200)
    return page
  }

  async function alice(name: string): Promise<Person> {
    const person = await stand.join(name, { rules: [view, edit] })
    await stand.lab.tailnet.setNode(person.laptop.hostname, {
      login: `${name}@example.com`,
      displayName: 'Alice Liddell',
    })
    return person
  }

  it(
    'gives a badge, its kubeconfig and its end to a person with a keyboard and without JavaScript',
    inBrowser,
    async () => {
      const person = await alice('page-keys')
      const page = await open(person, { javaScriptEnabled: false })
      await pressTo(page, 'Get view')
      await page.getByText('Use it with kubectl').waitFor()
      assert.equal(page.url(), home())
      const command = await page.getByLabel('Run this in a terminal').inputValue()

      await using folder = await mkdtempDisposable(join(tmpdir(), 'tka-page-'))
      const { host, port } = person.laptop.socks
      const env = { PATH: process.env.PATH, HOME: folder.path, http_proxy: `socks5h://${host}:${port}` }
      const pods = `${stand.lab.kubectl} get pods -A`
      const used = await runProgram('bash', ['-c', `${command}${pods} && stat -c %a "$KUBECONFIG"`], { env })
      assert.equal(used.code, 0, used.stderr)
      assert.match(used.stdout, /^600$/m)

      await pressTo(page, 'Log out')
      await page.getByText('You have no badge.').waitFor()
      const kubeconfig = join(folder.path, `.kube/${stand.install.install}-${stand.install.cluster}.yaml`)
      const refused = await person.kubectl(kubeconfig, 'get', 'pods', '-A')
      assert.match(refused.stderr, /forbidden|unauthorized|logged in/i)
      assert.deepEqual(await stand.objectsOf('page-keys'), [])
    },
  )

  it('looks again by itself while the badge is being made', inBrowser, async () => {
    const person = await alice('page-wait')
    const profile = await browser.profile(person, { ...phone, javaScriptEnabled: false })
    const [asking, looking] = [await visit(profile), await profile.newPage()]
    const provisioner = stand.install.shadow.pid('provisioner')
    assert.ok(provisioner)
    process.kill(provisioner, 'SIGSTOP')
    try {
      await asking.getByRole('button', { name: 'Get view' }).click({ noWaitAfter: true })
      await waitUntil('the other tab sees it', async () => {
        await looking.goto(home())
        return (await looking.getByText('Your badge is being made.').count()) > 0 || 'not yet'
      })
      await keepPicture(looking, 'pending-phone')
    } finally {
      process.kill(provisioner, 'SIGCONT')
    }
    await looking.getByText('Use it with kubectl').waitFor()
    await asking.getByText('Use it with kubectl').waitFor()
    assert.equal((await person.logout()).status, 200)
  })

  it('is refused to the forms of other sites', inBrowser, async () => {
    const person = await alice('page-forged')
    const profile = await browser.profile(person)
    const { hostname } = stand.install
    for (const path of ['login', 'api/v1alpha1/login']) {
      const page = await profile.newPage()
      await page.route('http://evil.example/', route =>
        route.fulfill({
          contentType: 'text/html',
          body: `<form method="post" action="http://${hostname}/${path}"><button>Win</button></form>`,
        }),
      )
      await page.goto('http://evil.example/')
      const answer = page.waitForResponse(response => response.url().startsWith(home()))
      await page.getByRole('button').click()
      assert.equal((await answer).status(), 403, path)
      await page.getByText('started by another web site').waitFor()
    }
    assert.equal((await person.request('GET', '/login')).status, 401)
    assert.deepEqual(await stand.objectsOf('page-forged'), [])
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is readable, fits and asks nobody else for anything, in the ${colorScheme}`, inBrowser, async () => {
      const person = await alice(`page-${colorScheme}`)
      const nobody = await stand.join(`page-nobody-${colorScheme}`, { rules: [] })
      const asked: string[] = []
      const said: string[] = []
      const listen = (page: Page) => {
        page.on('request', request => asked.push(request.url()))
        page.on('console', message => said.push(message.text()))
      }
      const look = async (page: Page, name: string) => {
        for (const width of [320, 360, 1_024]) {
          await page.setViewportSize({ width, height: 740 })
          assert.deepEqual(await faultsOf(page), [], `${name}, ${width} px`)
          if (width > 320) await keepPicture(page, `${name}-${width}-${colorScheme}`)
        }
      }

      const profile = await browser.profile(person, { colorScheme, deviceScaleFactor: 2 })
      profile.on('page', listen)
      const page = await visit(profile)
      await look(page, 'none')
      await page.getByRole('button', { name: 'Get view' }).click()
      await page.getByText('Use it with kubectl').waitFor()
      await look(page, 'live')
      await page.getByRole('button', { name: 'Switch to edit' }).click()
      await page.getByText('in namespace default').first().waitFor()
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByText('The last one ended').waitFor()
      await look(page, 'ended')

      const other = await browser.profile(nobody, { colorScheme })
      other.on('page', listen)
      const refused = await visit(other)
      await refused.getByText('No rule of the tailnet policy gives you a role').waitFor()
      await look(refused, 'refused')
      await refused.goto(`${home()}nowhere`)
      await look(refused, 'problem')

      assert.deepEqual(
        asked.filter(url => !url.startsWith(home()) && !url.startsWith('data:')),
        [],
      )
      assert.deepEqual(
        said.filter(text => !text.includes('404')),
        [],
      )
    })
  }
})

/** Goes from field to field with the Tab key until it is at the button of that name, then presses Enter. */
async function pressTo(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name })
  for (let step = 0; step < 20; step += 1) {
    await page.keyboard.press('Tab')
    if (await button.evaluate(element => element === element.ownerDocument.activeElement)) {
      return page.keyboard.press('Enter')
    }
  }
  assert.fail(`Tab does not lead to ${name}`)
}
