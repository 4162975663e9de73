const dot = 0x2e
const colon = 0x3a

/** Where {@link isAddress} lets addresses be parsed to. */
const unused = new Uint32Array(4)

/** Whether the text is an IPv4 or IPv6 address, perhaps with a zone (`%eth0`), and nothing else. */
export function isAddress(text: string): boolean {
  return parseAddress(text, unused)
}

/**
 * Parses an IP address to four words of 32 bits, an IPv4 address as the IPv6 one that it is mapped to (RFC 4291
 * 2.5.5.2) and without its zone. Gives false when the text is no address.
 */
export function parseAddress(text: string, into: Uint32Array): boolean {
  const address = parseIpv4(text, 0, text.length)
  if (address < 0) return parseIpv6(text, into)
  into[0] = into[1] = 0
  into[2] = 0xffff
  into[3] = address
  return true
}

/** Parses the part of a text as an IPv4 address; -1 when it is none. Refuses leading zeros, which some read as octal. */
function parseIpv4(text: string, start: number, end: number): number {
  let address = 0
  let octet = -1
  let dots = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      if (octet < 0 || dots === 3) return -1
      dots++
      address = address * 256 + octet
      octet = -1
    } else {
      const digit = code - 0x30
      if (digit < 0 || digit > 9 || octet === 0) return -1
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return -1
    }
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : -1
}

/** The eight groups of the IPv6 address that is being parsed. */
const groups = new Uint16Array(8)

function parseIpv6(text: string, into: Uint32Array): boolean {
  const zone = text.indexOf('%')
  if (zone >= 0 && !/^%[\w.:-]+$/.test(text.slice(zone))) return false
  const end = zone < 0 ? text.length : zone
  let count = 0
  /** How many groups stand before `::`; -1 while there was none. */
  let gap = -1
  let i = 0
  if (text.startsWith('::')) {
    gap = 0
    i = 2
  }
  while (i < end) {
    if (count === 8) return false
    const start = i
    let group = 0
    for (let digit = hexDigit(text, i, end); digit >= 0; digit = hexDigit(text, ++i, end)) group = group * 16 + digit
    if (i < end && text.charCodeAt(i) === dot) {
      const tail = count <= 6 ? parseIpv4(text, start, end) : -1
      if (tail < 0) return false
      groups[count++] = tail >>> 16
      groups[count++] = tail & 0xffff
      break
    }
    if (i === start || i - start > 4) return false
    groups[count++] = group
    if (i === end) break
    if (text.charCodeAt(i++) !== colon || i === end) return false
    if (text.charCodeAt(i) === colon) {
      if (gap >= 0) return false
      gap = count
      i++
    }
  }
  if (gap < 0 ? count !== 8 : count === 8) return false
  if (gap >= 0) spread(gap, count)
  for (let word = 0; word < 4; word++) into[word] = groups[word * 2]! * 0x1_0000 + groups[word * 2 + 1]!
  return true
}

/** Moves the groups after `::` to the end, and puts zeros in the gap. */
function spread(gap: number, count: number): void {
  const missing = 8 - count
  groups.copyWithin(gap + missing, gap, count)
  groups.fill(0, gap, gap + missing)
}

/** The value of a hexadecimal digit; -1 for anything else, and beyond the end. */
function hexDigit(text: string, index: number, end: number): number {
  if (index >= end) return -1
  const code = text.charCodeAt(index)
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = (code | 0x20) - 0x61
  return letter >= 0 && letter < 6 ? letter + 10 : -1
}
