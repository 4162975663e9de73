// Runs one example of the documentation, makes sure that what it left listening serves, and ends the process.
import { once } from 'node:events'
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { pathToFileURL } from 'node:url'

const [snippet, url] = process.argv.slice(2)
await import(pathToFileURL(snippet!).href)
if (url !== undefined) {
  const request = url.startsWith('https:') ? getHttps(url, { rejectUnauthorized: false }) : getHttp(url)
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response!.statusCode !== 200) throw new Error(`${url} answers ${response!.statusCode}`)
}
process.exit(0)
