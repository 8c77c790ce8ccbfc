import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { type Api, openApiWithToken } from '../kube/api.ts'
import type { ApiServer } from './lab.ts'

const Minted = v.object({ status: v.object({ token: v.string() }) })

/** The API server as one ServiceAccount sees it: with a real token of its own. */
export async function actAs(
  admin: Api,
  apiServer: ApiServer,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Api> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
  const { token } = v.parse(
    Minted,
    await admin.call('POST', path, { body: { spec: { expirationSeconds: 3_600 } } }),
  ).status
  return openApiWithToken(apiServer.url, await readFile(apiServer.caFile), token)
}
