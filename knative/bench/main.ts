// `make bench`: logins and logouts against the bare Kubernetes calls, in one run, so that only ratios are compared.
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { startLab } from '../lab/index.ts'
import { installTka } from '../lab/install.ts'
import { joinPerson, type Person } from '../lab/person.ts'
import { unlimited } from '../lab/unlimited.ts'
import { bareBadge } from './bare.ts'
import { firstRefusal } from './refusal.ts'
import { type Summary, summarise } from './statistics.ts'

const help = `Usage: node knative/bench/main.ts [--rounds N] [--out FILE]

Measures, in the lab and in turns: a warm login over the tailnet (request to usable kubeconfig), the bare Kubernetes calls
that a badge needs, and the time from a logout to the first refusal.

  --rounds N   how many of each (default 100)
  --out FILE   where the figures go as JSON (default .lab/bench.json)
  --help       this text
`

const warmUpRounds = 10

interface Figures {
  readonly login: Summary
  readonly bare: Summary
  readonly refusal: Summary
  /** Login as a multiple of the bare calls. */
  readonly loginToBare: { readonly p50: number; readonly p99: number }
}

async function measure(rounds: number): Promise<Figures> {
  await using lab = await startLab({ progress })
  await using install = await installTka(lab, {
    progress,
    config: { homeDomain: 'example.com', login: { limits: unlimited } },
  })
  await using alice = await joinPerson(lab, install, {
    hostname: `bench-${install.install}`,
    login: 'alice@example.com',
    rules: [{ role: 'view', period: '8h' }],
  })
  using bare = await bareBadge(lab)
  const logins: number[] = []
  const bares: number[] = []
  const refusals: number[] = []
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const name = `bench-${round + warmUpRounds}`
    const bareMs = await bare.issue(name)
    await bare.revoke(name)

    const started = performance.now()
    const token = await badge(alice)
    const loginMs = performance.now() - started

    const signal = AbortSignal.timeout(20_000)
    const refused = firstRefusal(lab, token, signal)
    const leaving = performance.now()
    const [at, logout] = await Promise.all([refused, alice.logout()])
    if (logout.status !== 200) throw new Error(`logout: ${logout.status} ${logout.body}`)
    if (round < 0) continue
    bares.push(bareMs)
    logins.push(loginMs)
    refusals.push(at - leaving)
    if ((round + 1) % 25 === 0) progress(`${round + 1} of ${rounds} rounds`)
  }
  const [login, bareSummary, refusal] = [summarise(logins), summarise(bares), summarise(refusals)]
  return {
    login,
    bare: bareSummary,
    refusal,
    loginToBare: { p50: login.p50 / bareSummary.p50, p99: login.p99 / bareSummary.p99 },
  }
}

/** One login to a usable kubeconfig; answers its token. */
async function badge(person: Person): Promise<string> {
  const login = await person.login()
  if (login.status !== 202) throw new Error(`login: ${login.status} ${login.body}`)
  const { status, body } = await person.request('GET', '/kubeconfig')
  if (status !== 200) throw new Error(`kubeconfig: ${status} ${body}`)
  const { users, contexts, 'current-context': current } = JSON.parse(body)
  return users[contexts[current].user].token
}

function table({ login, bare, refusal, loginToBare }: Figures): string {
  const row = (name: string, { p50, p99 }: { readonly p50: number; readonly p99: number }, unit: string) =>
    `${name.padEnd(52)}${p50.toFixed(1).padStart(9)}${p99.toFixed(1).padStart(9)} ${unit}`
  return [
    `${''.padEnd(52)}${'p50'.padStart(9)}${'p99'.padStart(9)}`,
    row('login: tailnet request to usable kubeconfig', login, 'ms'),
    row('bare: ServiceAccount and binding, then the token', bare, 'ms'),
    row('login as a multiple of bare (goal: p50 at most 3)', loginToBare, '×'),
    row('logout to the first refusal', refusal, 'ms'),
  ].join('\n')
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    out: { type: 'string', default: '.lab/bench.json' },
    help: { type: 'boolean' },
  },
})
const rounds = Number(values.rounds)
if (values.help) {
  process.stdout.write(help)
} else if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`--rounds must be a whole number from 1, not ${values.rounds}\n`)
  process.exitCode = 2
} else {
  const figures = await measure(rounds)
  await mkdir('.lab', { recursive: true })
  await writeFile(values.out, `${JSON.stringify(figures, undefined, 2)}\n`)
  process.stdout.write(`${table(figures)}\n`)
}
