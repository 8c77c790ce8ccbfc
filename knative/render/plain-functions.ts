import { stringify } from 'yaml'
import { plainOf } from './plain.ts'
import { readBase } from './read-base.ts'

/** The text of `knative/components/plain/functions.yaml`: the base's Knative Services without Serving. */
export async function plainFunctions(): Promise<string> {
  const services = (await readBase()).filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev/'))
  const objects = services.flatMap(plainOf).map(object => stringify(object, { lineWidth: 0 }))
  return `# Written by \`node knative/plain.ts\` from the base's Knative Services.\n${objects.join('---\n')}`
}
