/** What every way to keep records on a device has to be able to do here. Each starts on an empty database of its own. */
export interface Contender {
  /** As received: parsed and stored, on disk when it answers. */
  store(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Puts in order what was stored, as is done once all has arrived. */
  fold(): Promise<void>;
  close(): Promise<void>;
  /** Opens what was stored, the key being there, up to a list that can be searched. */
  list(): Promise<List>;
  /** Keeps a draft of a letter, on disk when it answers. */
  draft(text: string): Promise<void>;
  remove(): Promise<void>;
}

export interface List {
  total: number;
  /** How many patients it finds. */
  search(text: string): Promise<number>;
}
