import { accessSync, constants } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Person } from '../../../../knative/lab/person.ts'

/** A Chromium without a window, for people's pages. */
export interface Browser extends AsyncDisposable {
  /** A profile of its own on a person's laptop: everything it asks for goes over the tailnet. */
  profile(person: Person, options?: BrowserContextOptions): Promise<BrowserContext>
}

/** Finds a Chromium in PATH. */
export function findChromium(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap(folder => ['chromium', 'chromium-browser', 'google-chrome'].map(name => join(folder, name)))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Starts a Chromium. */
export async function openBrowser(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({ executablePath })
  return {
    async profile({ laptop: { socks } }, options) {
      const context = await browser.newContext({
        proxy: { server: `socks5://${socks.host}:${socks.port}` },
        ...options,
      })
      context.setDefaultTimeout(30_000)
      return context
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** What a page does wrong by the rules of WCAG 2.2 AA that a program can check, and whether it is wider than the window. */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const violations: AxeResults['violations'] = await page.evaluate('axe.run().then(({ violations }) => violations)')
  const { scrollWidth, clientWidth }: Record<'scrollWidth' | 'clientWidth', number> = await page.evaluate(
    '({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })',
  )
  const width = scrollWidth - clientWidth
  return [
    ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    ...(width > 0 ? [`${width} px wider than the window`] : []),
  ]
}

/** Takes a picture of the whole page for people to look at: `.lab/pages/<name>.png`. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = fileURLToPath(new URL('../../../../.lab/pages', import.meta.url))
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
