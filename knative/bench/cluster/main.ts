// `make bench-cluster`: what an install takes on real pods.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { whyNoCluster } from '../../cluster/index.ts'
import { installOnPods } from '../../e2e/pod-stand.ts'
import { type Amounts, fewestLogins, measure } from './measure.ts'
import { table } from './table.ts'

const help = `Usage: node knative/bench/cluster/main.ts [--cold-starts N] [--logins N] [--out FILE]

Installs TKA on the single-node cluster of \`make test-cluster\` and measures there: how long the install takes, cold starts by
an event, warm logins, what the pods take of memory idle and after many logins, and the image. About a quarter of an hour.

  --cold-starts N  how many (default 10)
  --logins N       how many before memory is read again, ${fewestLogins} or more (default 1000)
  --out FILE       where the figures go as JSON (default .lab/bench-cluster.json)
  --help           this text
`

const { values } = parseArgs({
  options: {
    'cold-starts': { type: 'string', default: '10' },
    logins: { type: 'string', default: '1000' },
    out: { type: 'string', default: '.lab/bench-cluster.json' },
    help: { type: 'boolean' },
  },
})
const amounts = { coldStarts: Number(values['cold-starts']), logins: Number(values.logins) }
if (values.help) process.stdout.write(help)
else if (!isAtLeast(amounts.coldStarts, 1)) fail(notFrom(1, '--cold-starts', values['cold-starts']), 2)
else if (!isAtLeast(amounts.logins, fewestLogins)) fail(notFrom(fewestLogins, '--logins', values.logins), 2)
else {
  // Before all else, so that a folder that cannot be made costs no run.
  const why = (await whyNoFolder(dirname(values.out))) ?? (await whyNoCluster())
  if (why) fail(why, 1)
  else await run(amounts, values.out)
}

async function run(amounts: Amounts, out: string): Promise<void> {
  const progress = (line: string) => void process.stderr.write(`${line}\n`)
  await using pods = await installOnPods({ progress })
  const figures = await measure(pods, amounts, progress)
  process.stdout.write(`${table(figures)}\n`)
  await writeFile(out, `${JSON.stringify(figures, undefined, 2)}\n`)
}

/** Makes it, or says why not. */
function whyNoFolder(folder: string): Promise<string | undefined> {
  return mkdir(folder, { recursive: true }).then(
    () => undefined,
    (error: Error) => `--out: ${error.message}`,
  )
}

function isAtLeast(number: number, least: number): boolean {
  return Number.isInteger(number) && number >= least
}

function notFrom(least: number, option: string, given: string): string {
  return `${option} must be a whole number from ${least}, not ${given}`
}

function fail(why: string, exitCode: number): void {
  process.stderr.write(`${why}\n`)
  process.exitCode = exitCode
}
