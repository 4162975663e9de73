import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusLine } from '../../src/cli/status-line.js'

class Screen {
  text = ''
  constructor(
    readonly isTTY: boolean,
    readonly columns: number,
  ) {}
  write(text: string): void {
    this.text += text
  }
}

test('a terminal gets one line that is rewritten, only when it changed', () => {
  const screen = new Screen(true, 80)
  const line = new StatusLine(screen)
  line.show('one')
  line.show('one')
  line.show('two')
  assert.equal(screen.text, '\r\x1b[Kone\r\x1b[Ktwo')
})

test('a line that stays is written above the status', () => {
  const screen = new Screen(true, 80)
  const line = new StatusLine(screen)
  line.show('status')
  line.print('happened')
  line.clear()
  line.print('last')
  assert.equal(screen.text, '\r\x1b[Kstatus\r\x1b[Khappened\nstatus\r\x1b[Klast\n')
})

test('a status never wraps: it is cut to the width of the terminal', () => {
  const screen = new Screen(true, 6)
  new StatusLine(screen).show('123456789')
  assert.equal(screen.text, '\r\x1b[K12345')
})

test('a terminal that does not know its width is taken to have the usual one', () => {
  const screen = new Screen(true, 0)
  new StatusLine(screen).show('status')
  assert.equal(screen.text, '\r\x1b[Kstatus')
})

test('what is no terminal gets the lines that stay and nothing else', () => {
  const screen = new Screen(false, 80)
  const line = new StatusLine(screen)
  line.show('status')
  line.print('happened')
  line.clear()
  assert.equal(screen.text, 'happened\n')
})
