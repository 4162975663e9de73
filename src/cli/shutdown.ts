/** Signals so close together are one: npm hands on what the terminal has sent to all of us already. */
const oneSignal = 500

/**
 * Calls `leave` at the first SIGINT or SIGTERM, and ends the process with `leave`'s end. A second signal ends it at once,
 * with the exit code that shells expect of it.
 */
export function onShutdown(leave: () => Promise<void>): void {
  let askedAt = -Infinity
  const asked = (signal: NodeJS.Signals): void => {
    const isFirst = askedAt === -Infinity
    if (!isFirst && performance.now() - askedAt < oneSignal) return
    if (!isFirst) process.exit(signal === 'SIGINT' ? 130 : 143)
    askedAt = performance.now()
    leave().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', asked)
  process.on('SIGTERM', asked)
}
