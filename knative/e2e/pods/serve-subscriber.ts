import { once } from 'node:events'
import { createServer } from 'node:http'

/** A subscriber of this machine's: `answer` is given the type of each event, and gives the status to answer with. */
export async function serveSubscriber(host: string, answer: (type: string) => Promise<number>) {
  const server = createServer((request, response) => {
    request.resume()
    void answer(String(request.headers['ce-type'])).then(status => response.writeHead(status).end())
  }).listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://${host}:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close().closeAllConnections()
    },
  }
}
