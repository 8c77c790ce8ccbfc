import * as v from 'valibot'

/** Reads the body of a response, which must be as the schema says. */
export async function readBody<S extends v.GenericSchema>(response: Response, schema: S): Promise<v.InferOutput<S>> {
  return v.parse(schema, await response.json())
}

export const SessionBody = v.strictObject({
  username: v.string(),
  role: v.string(),
  until: v.string(),
  message: v.exactOptional(v.string()),
})

export const ProblemBody = v.looseObject({ message: v.string(), advice: v.array(v.string()) })

export const KubeconfigBody = v.looseObject({
  clusters: v.record(v.string(), v.looseObject({ server: v.string() })),
  users: v.strictObject({ 'tka-user-alice': v.strictObject({ token: v.string() }) }),
  'current-context': v.string(),
})

/** The token that a kubeconfig holds. */
export async function tokenOf(response: Response): Promise<string> {
  return (await readBody(response, KubeconfigBody)).users['tka-user-alice'].token
}
