import { configDir, readFolder } from '../../lab/knative-config.ts'
import type { Manifest } from '../../render/manifest.ts'
import { fromStock } from './stock.ts'

/** What runs of Eventing. */
export interface EventingManifestsOptions {
  /** Turns sender authentication on (`authentication-oidc`); TLS stays off. */
  readonly oidc?: boolean
}

/** All but two programs to which no event of ours goes: the sink for Jobs, and request and reply. */
const wanted = /^(?!deployments\/(job-sink|request-reply)\.yaml$).*\.yaml$/

/** Knative Eventing with the in-memory channel and the Broker on channels, as the module that the lab runs has it. */
export async function eventingManifests(options: EventingManifestsOptions = {}): Promise<readonly Manifest[]> {
  const folders = await Promise.all(
    ['core', 'channels/in-memory-channel', 'brokers/mt-channel-broker'].map(async path =>
      readFolder(await configDir(`knative.dev/eventing/config/${path}`), wanted),
    ),
  )
  const features = { 'authentication-oidc': options.oidc ? 'enabled' : 'disabled', 'transport-encryption': 'disabled' }
  return fromStock([...folders.flat(), ...images()], { 'config-features': features })
}

/** The two ConfigMaps that a release has and the module has not; the controller does not start without them. */
function images(): readonly Manifest[] {
  const names = {
    'eventing-transformations-images': ['transform-jsonata'],
    'eventing-integrations-images': [
      'timer-source',
      'aws-s3-source',
      'aws-sqs-source',
      'aws-ddb-streams-source',
      'log-sink',
      'aws-s3-sink',
      'aws-sqs-sink',
      'aws-sns-sink',
    ],
  }
  return Object.entries(names).map(([name, keys]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'knative-eventing' },
    data: Object.fromEntries(keys.map(key => [key, 'none'])),
  }))
}
