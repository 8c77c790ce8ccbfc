import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { patchesConfig } from './patches-config.ts'

const data = 'data: { values.yaml: "maxSession: 8h" }'
const steps = '- { op: add, path: /data/values.yaml, value: "maxSession: 8h" }'
const map = (text: string, name = 'tka-config') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: tka-system }\n${text}`

describe('a patch of a kustomization', () => {
  for (const [what, patch] of [
    ['puts a file into it', { patch: map(data) }],
    ['takes it away', { patch: map('$patch: delete') }],
    ['is one of several', { patch: `${map(data, 'other')}\n---\n${map(data)}` }],
    ['selects it by name', { target: { name: 'tka-config' }, patch: steps }],
    ['selects it by an expression', { target: { kind: 'ConfigMap', name: 'tka-.*' }, patch: steps }],
    ['selects everything of its kind', { target: { kind: 'ConfigMap' }, patch: map(data, 'any') }],
  ] as const)
    it(`changes the configuration when it ${what}`, () => assert.equal(patchesConfig(patch), true))

  for (const [what, patch] of [
    ['is of another ConfigMap', { patch: map(data, 'tka-public-keys') }],
    ['selects another name', { target: { kind: 'ConfigMap', name: 'config' }, patch: steps }],
    ['selects another kind', { target: { kind: 'Secret', name: 'tka-config' }, patch: steps }],
    ['gives it a label', { patch: map('').replace('namespace:', 'labels: { team: blue }, namespace:') }],
    ['annotates everything', { target: {}, patch: '- { op: add, path: /metadata/annotations/team, value: blue }' }],
  ] as const)
    it(`does not when it ${what}`, () => assert.equal(patchesConfig(patch), false))
})
