import type { LineProcess } from '../src/testing/line-process.ts'

/** How to ask: see helper/benchclient/load.go. Times in seconds. */
export interface Load {
  readonly path: string
  readonly connections: number
  readonly keepAlive: boolean
  readonly warmUp: number
  readonly seconds: number
}

/** What came of it. Latencies in milliseconds. */
interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** The load generator, driven over its control address. */
export interface LoadClient {
  /** Waits for a direct path to a tailnet address. */
  reach(ip: string): Promise<void>
  load(ip: string, load: Load): Promise<LoadResult>
  /** Seconds that one answer of so many bytes takes, read whole. */
  download(ip: string, bytes: number): Promise<number>
}

/** Drives a running helper/benchclient. */
export function loadClient(client: LineProcess): LoadClient {
  const { control } = client.ready as { control: string }
  const post = async (path: string, body: unknown, withinSeconds: number) => {
    const response = await fetch(new URL(path, control), {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinSeconds * 1000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} of the load generator: ${text.trim()}`)
    return JSON.parse(text)
  }
  return {
    reach: async address => {
      await post('/reach', { address }, 30)
    },
    load: (ip, load) => post('/load', { address: `${ip}:80`, ...load }, load.warmUp + load.seconds + 30),
    download: async (ip, bytes) => {
      const answer = await post('/download', { address: `${ip}:80`, path: `/bytes/${bytes}` }, 300)
      if (answer.bytes !== bytes) throw new Error(`${answer.bytes} bytes came instead of ${bytes}`)
      return answer.seconds
    },
  }
}
