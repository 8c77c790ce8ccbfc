import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { functionNames } from '#events/functions'
import { examinedWith } from '../testing/examined-with.ts'
import { network } from './network.ts'

/** What is said of one policy's rules, where everything listens on that port. */
async function look(egress: readonly unknown[], port: number, podSelector: unknown = {}) {
  // A policy and an EndpointSlice in one: this API server has it wherever it is asked.
  const both = { spec: { podSelector, policyTypes: ['Egress'], egress }, ports: [{ port, protocol: 'TCP' }] }
  return network.look(examinedWith([], { items: [both] }))
}

const selecting = (operator: string, ...values: readonly string[]) => ({
  matchExpressions: [{ key: 'app.kubernetes.io/name', operator, values }],
})

describe('the doctor on the network', () => {
  it('says which port is closed, and what to patch', async () => {
    const [server, dns] = await look([{ ports: [{ port: 443 }, { port: 6443 }] }], 8443)
    assert.match(server?.says ?? '', /TCP port 8443, where the API server listens/)
    assert.match(server?.todo ?? '', /NetworkPolicy api-server .*value: { protocol: TCP, port: 8443 } }/)
    assert.match(dns?.todo ?? '', /NetworkPolicy names-and-broker /)
  })

  const somewhere = { namespaceSelector: { matchLabels: {} } }
  for (const [what, egress] of [
    ['the port', [{ ports: [{ port: 8443 }] }]],
    ['a range around it', [{ ports: [{ port: 8000, endPort: 9000 }] }]],
    ['every port', [{}]],
    ['every port of an address', [{ to: [{ ipBlock: { cidr: '10.0.0.1/32' } }] }]],
    ['the port, of some namespace', [{ to: [somewhere], ports: [{ port: 8443 }] }]],
  ] as const)
    it(`is content with a rule for ${what}`, async () => {
      assert.deepEqual(
        (await look(egress, 8443)).map(({ severity }) => severity),
        ['fine'],
      )
    })

  it('is content with a rule for the functions, selected by an expression', async () => {
    const [found] = await look([{}], 8443, selecting('In', ...functionNames))
    assert.equal(found?.severity, 'fine')
  })

  it('names what it could not look at', async () => {
    const policy = { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] }, ports: [] }
    const [found] = await network.look(examinedWith([], { items: [policy] }))
    assert.doesNotMatch(found?.says ?? '', /let out/)
    assert.match(
      found?.says ?? '',
      /not compared with the cluster’s DNS: no port behind kube-system\/kube-dns or openshift/,
    )
  })

  for (const [what, egress, podSelector] of [
    ['another protocol', [{ ports: [{ port: 8443, protocol: 'UDP' }] }], {}],
    ['the Broker alone', [{ to: [somewhere] }], {}],
    ['login alone', [{}], { matchLabels: { 'app.kubernetes.io/name': 'login' } }],
    ['a pod that is none of ours', [{}], { matchLabels: { app: 'other' } }],
    ['another pod by an expression', [{}], selecting('In', 'event-display')],
    ['all but the functions', [{}], selecting('NotIn', ...functionNames)],
  ] as const)
    it(`is not content with a rule for ${what}`, async () => {
      const other = { spec: { podSelector: {}, policyTypes: ['Egress'] } }
      const rules = { spec: { podSelector, policyTypes: ['Egress'], egress } }
      const items = [other, rules].map(policy => ({ ...policy, ports: [{ port: 8443 }] }))
      const found = await network.look(examinedWith([], { items }))
      assert.ok(found.every(({ severity }) => severity === 'warning'))
    })
})
