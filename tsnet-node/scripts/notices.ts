import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Platform } from '../src/helper-cache.ts'
import { type LinkedModule, linkedModules } from './linked-modules.ts'

/** A text that somebody's code may be passed on under, and whose code that is. */
interface Notice {
  readonly of: string
  readonly text: string
}

const isNotice = /^(licen[cs]e|copying|notice|patents|unlicense)([._-](md|txt|apache|bsd|mit))?$/i
const rule = '='.repeat(80)

/**
 * The licences of everything that is linked into a helper, Go's own included. Rejects when a module has none.
 * Texts that are the same word for word are given once.
 */
export async function thirdPartyNotices(binary: string, platform: Platform): Promise<string> {
  const modules = await linkedModules(binary, platform)
  const notices = [await ofGo(), ...(await Promise.all(modules.map(ofModule)))].flat()
  const byText = Map.groupBy(notices, ({ text }) => text)
  const parts = [...byText].map(([text, same]) => `${same.map(notice => notice.of).join('\n')}\n\n${text}`)
  const intro = `tsnet-helper for ${platform.os}-${platform.arch} contains code of the following projects, under these terms.`
  return `${[intro, ...parts].join(`\n\n${rule}\n`)}\n`
}

async function ofModule({ path, version, dir, folders }: LinkedModule): Promise<readonly Notice[]> {
  const found = await Promise.all([...folders].sort().map(folder => noticesIn(folder)))
  const notices = found.flat().map(({ file, text }) => ({ of: `${path} ${version} (${relative(dir, file)})`, text }))
  if (notices.length === 0) throw new Error(`${path} ${version} says nowhere under which terms it may be used`)
  return notices
}

async function ofGo(): Promise<readonly Notice[]> {
  const { stdout } = await promisify(execFile)('go', ['env', 'GOROOT', 'GOVERSION'])
  const [root = '', version] = stdout.trim().split('\n')
  return (await noticesIn(root)).map(({ file, text }) => ({ of: `Go ${version} (${relative(root, file)})`, text }))
}

async function noticesIn(folder: string): Promise<readonly { readonly file: string; readonly text: string }[]> {
  const names = (await readdir(folder)).filter(name => isNotice.test(name))
  return Promise.all(
    names.sort().map(async name => {
      const file = join(folder, name)
      return { file, text: (await readFile(file, 'utf8')).trim() }
    }),
  )
}
