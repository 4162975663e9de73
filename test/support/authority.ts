import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Certificate } from './certificate.js'
import { run } from './command.js'

/** What a certificate is to be like. */
export interface IssueOptions {
  /** Names that it is for. Default: none. */
  readonly names?: readonly string[]
  /** Its subject, in OpenSSL's words. Default: `/CN=` and its name. */
  readonly subject?: string
  /** Whether it has run out long ago. Default false. */
  readonly isExpired?: boolean
}

/** An authority that issues certificates by the program openssl, and takes them back. */
export class Authority {
  private constructor(
    readonly folder: string,
    /** Its own certificate. */
    readonly cert: string,
  ) {}

  /** Makes one, whose files go with the test. */
  static async make(t: TestContext, name = 'authority'): Promise<Authority> {
    const folder = await mkdtemp(join(tmpdir(), 'evenkeel-authority-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'index.txt'), '')
    await writeFile(join(folder, 'ca.cnf'), configuration(folder))
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'ca.key')]
    const subject = ['-subj', `/O=Test/CN=${name}`, '-days', '2', '-out', join(folder, 'ca.pem')]
    await openssl('req', '-x509', ...key, ...subject, '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    return new Authority(folder, await readFile(join(folder, 'ca.pem'), 'utf8'))
  }

  /** The path of its own certificate. */
  get file(): string {
    return join(this.folder, 'ca.pem')
  }

  /** Issues a certificate; its files are called by its name, and `.pem` has certificate and key. */
  async issue(name: string, { names = [], subject = `/CN=${name}`, isExpired = false }: IssueOptions = {}) {
    const at = (suffix: string): string => join(this.folder, `${name}${suffix}`)
    const extensions = names.length === 0 ? '' : `subjectAltName=${names.map(alternativeName).join(',')}\n`
    await writeFile(at('.ext'), `basicConstraints=CA:FALSE\n${extensions}`)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('.key')]
    await openssl('req', '-new', ...key, '-subj', subject, '-out', at('.csr'))
    const time = isExpired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '2']
    const issued = ['-in', at('.csr'), '-out', at('.crt'), '-extfile', at('.ext'), ...time]
    await openssl('ca', '-batch', '-notext', '-config', join(this.folder, 'ca.cnf'), ...issued)
    const certificate = { key: await readFile(at('.key'), 'utf8'), cert: await readFile(at('.crt'), 'utf8') }
    await writeFile(at('.pem'), certificate.cert + certificate.key)
    return { ...certificate, name, file: at('.pem') } satisfies Certificate & { name: string; file: string }
  }

  /** Takes certificates back, and gives the list of all that were. */
  async revoke(...certificates: readonly { readonly name: string }[]): Promise<string> {
    const config = ['-config', join(this.folder, 'ca.cnf')]
    for (const { name } of certificates) await openssl('ca', ...config, '-revoke', join(this.folder, `${name}.crt`))
    await openssl('ca', ...config, '-gencrl', '-crldays', '2', '-out', join(this.folder, 'crl.pem'))
    return readFile(join(this.folder, 'crl.pem'), 'utf8')
  }

  /** What it says of a certificate's being valid, in DER. */
  async ocspResponse({ name }: { readonly name: string }): Promise<Buffer> {
    const at = (file: string): string => join(this.folder, file)
    const own = ['-issuer', this.file, '-CA', this.file]
    await openssl('ocsp', ...own, '-cert', at(`${name}.crt`), '-reqout', at('ocsp.req'))
    const signer = ['-rsigner', this.file, '-rkey', at('ca.key'), '-index', at('index.txt'), '-ndays', '1']
    await openssl('ocsp', ...own, ...signer, '-reqin', at('ocsp.req'), '-respout', at('ocsp.der'))
    return readFile(at('ocsp.der'))
  }
}

function alternativeName(name: string): string {
  return /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`
}

function configuration(folder: string): string {
  return `[ca]
default_ca = own
[own]
database = ${folder}/index.txt
new_certs_dir = ${folder}
certificate = ${folder}/ca.pem
private_key = ${folder}/ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
[anything]
countryName = optional
organizationName = optional
commonName = supplied
`
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run('openssl', args)
  if (code !== 0) throw new Error(`openssl ${args[0]} failed:\n${stderr}`)
}
