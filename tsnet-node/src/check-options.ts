import { TailscaleError } from './errors.ts'
import type { ListenOptions, TailscaleNodeOptions } from './options.ts'

/** Refuses options that cannot work, naming the option. */
export function checkOptions(options: TailscaleNodeOptions): void {
  const { hostname, authKey, clientSecret, tags, stateDir, stateStore, ephemeral, port, maxConnections, env } = options
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(hostname)) {
    throw refused(`hostname ${JSON.stringify(hostname)} is not a DNS label`)
  }
  if (stateDir !== undefined && stateStore !== undefined) {
    throw refused('give stateDir or stateStore, not both')
  }
  if (stateDir === undefined && stateStore === undefined && !ephemeral) {
    throw refused('say where the state is kept: stateDir, stateStore, or ephemeral for none')
  }
  if (stateDir === '') throw refused('stateDir is empty')
  if (port !== undefined && !isPort(port) && port !== 0) throw refused(`port ${port} is no UDP port`)
  if (maxConnections !== undefined && !(Number.isInteger(maxConnections) && maxConnections > 0)) {
    throw refused(`maxConnections ${maxConnections} is no number of connections`)
  }
  if (authKey !== undefined && clientSecret !== undefined) throw refused('give authKey or clientSecret, not both')
  if (clientSecret !== undefined && !clientSecret.startsWith('tskey-client-')) {
    throw refused('clientSecret does not begin with "tskey-client-"')
  }
  if (clientSecret !== undefined && !tags?.length) throw refused('clientSecret needs tags')
  const secret = Object.keys(env ?? {}).find(name => secretVariables.has(name))
  if (secret) throw refused(`env must not carry ${secret}: a process's environment is no place for secrets`)
}

/** Refuses a port that cannot be listened on. */
export function checkListenOptions({ port }: ListenOptions): void {
  if (!isPort(port)) throw refused(`port ${port} is no TCP port`)
}

const secretVariables = new Set(['TS_AUTHKEY', 'TS_AUTH_KEY', 'TS_CLIENT_SECRET', 'TS_ID_TOKEN'])

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

function refused(message: string): TailscaleError {
  return new TailscaleError('ERR_TSNET_OPTIONS', message)
}
