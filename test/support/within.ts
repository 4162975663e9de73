/** How long a test waits for something that must happen, unless it says otherwise. */
const patience = 15_000

/** The promise's value; rejects when it takes too long, and says then what was missing. */
export async function within<T>(promise: Promise<T>, missing: () => string, ms = patience): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`within ${ms} ms: ${missing()}`)), ms)
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** A turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Resolves when that is so; rejects when it takes too long. */
export async function until(isSo: () => boolean, missing: string): Promise<void> {
  for (const end = performance.now() + patience; !isSo(); await turn()) {
    if (performance.now() > end) throw new Error(`within ${patience} ms: ${missing}`)
  }
}
