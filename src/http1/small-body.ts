/** A body up to this size leaves as text together with its head, in one write: measured cheaper than two buffers. */
export const smallBody = 16 * 1024
