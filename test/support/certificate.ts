import { createHash, createSign, generateKeyPairSync } from 'node:crypto'

/** A private key and a certificate that it signed itself, both in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Makes a certificate for `names`, valid for two days around now (X.509 v3, RFC 5280, in DER by hand). */
export function selfSigned(...names: string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const subject = sequence(set(sequence(oid(2, 5, 4, 3), der(0x0c, Buffer.from(names[0]!)))))
  const day = 86_400_000
  const unsigned = sequence(
    der(0xa0, integer(2)),
    der(0x02, createHash('sha1').update(publicInfo).digest().subarray(0, 8).fill(1, 0, 1)),
    ecdsaWithSha256,
    subject,
    sequence(time(Date.now() - day), time(Date.now() + day)),
    subject,
    publicInfo,
    der(0xa3, sequence(sequence(oid(2, 5, 29, 17), der(0x04, sequence(...names.map(generalName)))))),
  )
  const signature = createSign('sha256').update(unsigned).sign(privateKey)
  const whole = sequence(unsigned, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  const body = whole.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
  }
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function set(part: Buffer): Buffer {
  return der(0x31, part)
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.of(value))
}

/** An object identifier; every part after the first two is written in base 128. */
function oid(first: number, second: number, ...rest: number[]): Buffer {
  const bytes = rest.flatMap((part) => {
    const digits = [part & 127]
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 127) | 128)
    return digits
  })
  return der(0x06, Buffer.of(first * 40 + second, ...bytes))
}

const ecdsaWithSha256 = sequence(oid(1, 2, 840, 10045, 4, 3, 2))

function time(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`))
}

/** A DNS name or an IPv4 address. */
function generalName(name: string): Buffer {
  const isAddress = /^[\d.]+$/.test(name)
  return isAddress ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name))
}
