import { get } from 'node:http'

/** Asks once whether a process on loopback is ready: any 2xx or 3xx, as the kubelet counts. */
export async function probe(port: number, path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const asked = get(
      { host: '127.0.0.1', port, path, agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(1_000)]) },
      response => {
        response.resume()
        const { statusCode = 0 } = response
        resolve(statusCode >= 200 && statusCode < 400)
      },
    )
    asked.on('error', () => resolve(false))
  })
}
