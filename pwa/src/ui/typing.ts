/** What is being typed somewhere, so that it can be sealed before a lock or a reload. */
const flushers = new Set<() => Promise<unknown>>();

/** Registers a screen that holds unsealed text; the answer takes it off again. */
export function holdTyping(flush: () => Promise<unknown>): () => void {
  flushers.add(flush);
  return () => flushers.delete(flush);
}

/** Seals what is being typed, waiting at most `ms`: a lock must not wait for a disk that hangs. */
export async function sealTyping(ms = 1000): Promise<void> {
  const all = Promise.allSettled([...flushers].map((flush) => flush()));
  await Promise.race([all, new Promise((resolve) => setTimeout(resolve, ms))]);
}
