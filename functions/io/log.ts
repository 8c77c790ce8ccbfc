import { redact } from './redact.ts'

/** What a line says beside its message. `error` may be anything that was thrown. */
export type Fields = Readonly<Record<string, unknown>>

/** Writes JSON, one object a line, with the ids of the trace that is going on. */
export interface Logger {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** Writes a record of its own kind, whatever the level. */
  record(kind: string, message: string, fields: Fields): void
  /** The same log, with these fields on every line. */
  with(fields: Fields): Logger
}

type Severity = 'debug' | 'info' | 'warn' | 'error'

const severities: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies readonly Severity[]

export interface LoggerOptions {
  /** The least that is written, as in `TKA_LOG_LEVEL`; `info` by default. */
  readonly level?: string | undefined
  readonly fields: Fields
  /** What is to be said about what is going on: the ids of its trace. */
  readonly around?: () => Fields
  readonly now: () => number
  /** Takes one line, its end included. */
  readonly write: (line: string) => void
}

/** Makes a log. Throws when the level is none. */
export function createLogger({ level = 'info', fields, around = () => ({}), now, write }: LoggerOptions): Logger {
  const least = severities.indexOf(level)
  if (least < 0)
    throw new Error(`TKA_LOG_LEVEL must be one of ${severities.join(', ')}, it is ${JSON.stringify(level)}`)
  const at =
    (severity: Severity, bound: Fields) =>
    (message: string, more: Fields = {}): void => {
      if (severities.indexOf(severity) >= least) put({ severity, message }, { ...bound, ...more })
    }
  const put = (head: Fields, fields: Fields): void => {
    const first = { ...head, time: new Date(now()).toISOString() }
    write(`${redact(JSON.stringify({ ...first, ...around(), ...fields, ...first }, readable))}\n`)
  }
  const bind = (bound: Fields): Logger => ({
    debug: at('debug', bound),
    info: at('info', bound),
    warn: at('warn', bound),
    error: at('error', bound),
    record: (kind, message, fields) => put({ severity: 'info', message, kind }, { ...bound, ...fields }),
    with: more => bind({ ...bound, ...more }),
  })
  return bind(fields)
}

/** Errors lose everything in JSON, and a bigint cannot be written at all. */
function readable(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Error)) return value
  const { name, message, stack, cause } = value
  return { name, message, ...(stack === undefined ? {} : { stack }), ...(cause === undefined ? {} : { cause }) }
}
