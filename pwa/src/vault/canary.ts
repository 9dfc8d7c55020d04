/**
 * A note of each vault kept outside IndexedDB, so that a vault the browser threw away is noticed and named.
 * It says how much unsent work there was and how far the vault had come, nothing else.
 */
export interface CanaryNote {
  unsent: number;
  /** The vault's newest generation: a lower one found later means an old image was restored. */
  generation: number;
}

export interface Canary {
  read(): Promise<Record<string, CanaryNote>>;
  /** @param note null: the vault was removed on purpose */
  write(vault: string, note: CanaryNote | null): Promise<void>;
}

const NAME = "quill-canary";

/** In `localStorage` or the like: survives what evicts IndexedDB and Cache Storage together. For the main thread. */
export function storageCanary(storage: Pick<Storage, "getItem" | "setItem">): Canary {
  const read = () => JSON.parse(storage.getItem(NAME) ?? "{}") as Record<string, CanaryNote>;
  return {
    read: () => Promise.resolve(read()),
    write: (vault, note) => {
      const others = Object.entries(read()).filter(([name]) => name !== vault);
      storage.setItem(NAME, JSON.stringify(Object.fromEntries(note ? [...others, [vault, note]] : others)));
      return Promise.resolve();
    },
  };
}

/** In Cache Storage, which a worker can reach: notices a database that was deleted or found corrupt by the browser. */
export function cacheCanary(caches: CacheStorage): Canary {
  const address = (vault: string) => `/${NAME}/${vault}`;
  return {
    async read() {
      const cache = await caches.open(NAME);
      const notes: Record<string, CanaryNote> = {};
      for (const { url } of await cache.keys()) {
        const answer = await cache.match(url);
        if (answer) notes[url.slice(url.lastIndexOf("/") + 1)] = (await answer.json()) as CanaryNote;
      }
      return notes;
    },
    async write(vault, note) {
      const cache = await caches.open(NAME);
      if (note) await cache.put(address(vault), new Response(JSON.stringify(note)));
      else await cache.delete(address(vault));
    },
  };
}

/** Vaults that were there and aren't any more. */
export function lost(notes: Record<string, CanaryNote>, present: readonly string[]): { vault: string; unsent: number }[] {
  return Object.entries(notes).flatMap(([vault, { unsent }]) => (present.includes(vault) ? [] : [{ vault, unsent }]));
}
