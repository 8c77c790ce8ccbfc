import { type LabProgram, programs as lab, program, stripped } from '../../lab/programs.ts'

/** What pods of Knative run that the lab does not. */
export const knativePrograms: readonly LabProgram[] = [
  eventing('eventing-controller', 'controller'),
  eventing('eventing-webhook', 'webhook'),
  eventing('mtchannel-broker', 'mtchannel_broker'),
  eventing('imc-controller', 'in_memory/channel_controller'),
  eventing('imc-dispatcher', 'in_memory/channel_dispatcher'),
  eventing('pingsource-adapter', 'mtping'),
  serving('serving-controller', 'controller'),
  serving('serving-webhook', 'webhook'),
  serving('autoscaler', 'autoscaler'),
  serving('activator', 'activator'),
  serving('queue', 'queue'),
  program('test-gateway', 'knative', './gateway', stripped, '30 s'),
]

const inPods = [...lab.filter(({ name }) => ['ingress', 'filter', 'event_display'].includes(name)), ...knativePrograms]

/** Images of Knative's pods, of one program each, and of `event_display`. */
export const knativeImages = inPods.map(({ name }) => ({ name: imageName(name), program: name }))

/** Image that holds a program. Serving asks no registry for the digest of one that is said to be of `dev.local`. */
export function imageName(program: string): string {
  return `dev.local/${program}:1`
}

/**
 * The image of the program at an import path, as Knative's manifests have it (`ko://knative.dev/eventing/cmd/webhook`),
 * or what was given when nothing here is compiled from there.
 */
export function imageOf(reference: string): string {
  const found = inPods.find(({ package: path }) => `ko://${path}` === reference)
  return found ? imageName(found.name) : reference
}

function eventing(name: string, command: string): LabProgram {
  return program(name, 'knative', `knative.dev/eventing/cmd/${command}`, stripped, '30 s')
}

function serving(name: string, command: string): LabProgram {
  return program(name, 'knative', `knative.dev/serving/cmd/${command}`, stripped, '30 s')
}
