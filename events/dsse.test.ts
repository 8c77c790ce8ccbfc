import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeDsse, encodeDsse, preAuthenticationEncoding } from './dsse.ts'
import { verificationMaterial } from './material.ts'

// CloudEvents extensions/verifiability.md, Test Vectors: the keys, and the cases that can be computed anew.
const specKey = createPublicKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: base64url(46950820868899156662930047687818585632848591499744589407958293238635476079160n),
    y: base64url(5640078356564379163099075877009565129882514886557779369047442380624545832820n),
  },
})

const case5 =
  'eyJwYXlsb2FkVHlwZSI6Imh0dHBzOi8vY2xvdWRldmVudHMuaW8vdmVyaWZpYWJpbGl0eS9kc3NlL3YwLjEiLCJwYXlsb2FkIjoiZXlKamIzSmxJam9pY1VOVFpXbGFhMU1yYUVnNVYybERiR1p4Tm5Cc1puRlpUbFo1TW10MmVGZFNabTlDY2t4RmVtOUVhejBpZlE9PSIsInNpZ25hdHVyZXMiOlt7ImtleWlkIjoidGVzdGtleSIsInNpZyI6IkYyaXAweG1nSlgzdWdIWkM2dE1ycjdBMkVxYWkwOHJhR3JUd2R5aC9PR0RJSXJGN0J5TTJ5SVRMS3FOckYzZHpaR1IybzBDczlmRUJGZEx4Uk9VeUVRPT0ifV19'

const case7 =
  'eyJwYXlsb2FkVHlwZSI6Imh0dHBzOi8vY2xvdWRldmVudHMuaW8vdmVyaWZpYWJpbGl0eS9kc3NlL3YwLjEiLCJwYXlsb2FkIjoiZXlKamIzSmxJam9pVEZSblVVdElSMmhsWnpaVU5EaDRjRWRIY2pWNlRtdGthSEF5TW10bGJscERUM0ZwWTBaMFNUUlRRVDBpTENKbGVIUWlPaUpJUWpGd1pUUXpNVVp2VVZwU2MwcGllVXhPVFhFd1VXRkJkbkZRZEcxb1pHazRaRWhIVTJoaVNrRlZQU0lzSW5OcFoyNWxaR1Y0ZEdGMGRISnpJanBiSW1WNGRHRWlMQ0psZUhSaUlsMTkiLCJzaWduYXR1cmVzIjpbeyJrZXlpZCI6InRlc3RrZXkiLCJzaWciOiIyZzFVb0FRcHoxb1BqWlRQUlplK3l2THpaUU5FQ1pha2piWlZYaXpEd2RNbmVJSCsrLzUzdVhOMmJDU2tWSkltZndPaVl5S0JtNG12c01ISlhJVWh6Zz09In1dfQ=='

function base64url(number: bigint): string {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').toString('base64url')
}

describe('the published vectors of the CloudEvents verifiability extension', () => {
  it('give the same material and a good signature for binary data (case 5)', () => {
    const envelope = decodeDsse(case5)
    assert.ok(envelope)
    assert.equal(envelope.keyid, 'testkey')
    const material = verificationMaterial({
      attributes: {
        specversion: '1.0',
        id: '1',
        source: 'example/uri',
        type: 'example.type.binary',
        datacontenttype: 'application/octet-stream',
      },
      data: Buffer.from('8J+koQ==', 'base64'),
      extensions: [],
    })
    assert.equal(Buffer.from(envelope.payload).toString(), Buffer.from(material).toString())
    const key = { key: specKey, dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', preAuthenticationEncoding(envelope.payload), key, envelope.signature))
    assert.equal(encodeDsse(envelope), case5)
  })

  it('give the same digest of two signed extension attributes (case 7)', () => {
    const envelope = decodeDsse(case7)
    assert.ok(envelope)
    const material = verificationMaterial({
      attributes: {
        specversion: '1.0',
        id: '1',
        source: 'example/uri',
        type: 'example.type',
        datacontenttype: 'application/json',
        exta: 'value1',
        extb: 'value2',
      },
      data: Buffer.from('{"hello":"world"}'),
      extensions: ['exta', 'extb'],
    })
    const published = JSON.parse(Buffer.from(envelope.payload).toString())
    const computed = JSON.parse(Buffer.from(material).toString())
    assert.equal(computed.ext, published.ext)
    assert.deepEqual(computed.signedextattrs, published.signedextattrs)
    // The published core digest of this case is over data bytes that the specification does not show.
  })
})

describe('a DSSE envelope', () => {
  it('comes out as it went in', () => {
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(bytes, bytes, fc.string({ minLength: 1 }), (payload, signature, keyid) => {
        const decoded = decodeDsse(encodeDsse({ payload, keyid, signature }))
        assert.deepEqual(decoded && { ...decoded, payload: [...decoded.payload], signature: [...decoded.signature] }, {
          keyid,
          payload: [...payload],
          signature: [...signature],
        })
      }),
    )
  })

  it('is nothing when the text is anything else', () => {
    fc.assert(fc.property(fc.string(), text => decodeDsse(text) === undefined))
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
    const good = JSON.parse(Buffer.from(case5, 'base64').toString())
    for (const broken of [
      { ...good, payloadType: 'application/json' },
      { ...good, payload: `${good.payload}=` },
      { ...good, payload: ` ${good.payload}` },
      { ...good, signatures: [] },
      { ...good, signatures: [...good.signatures, ...good.signatures] },
      { ...good, signatures: [{ sig: good.signatures[0].sig }] },
      [],
      null,
    ]) {
      assert.equal(decodeDsse(encode(broken)), undefined)
    }
    assert.equal(decodeDsse(case5.replace(/=*$/, '').slice(0, -1)), undefined)
  })
})
