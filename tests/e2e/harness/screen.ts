/** Watches a text on the screen, frame by frame and change by change, from inside the page: what a person would see flicker. */
import type { Tablet } from "./tablet.ts";

export interface Watched {
  /** How often the screen was looked at. */
  looks: number;
  /** Looks that did not find the text, as milliseconds since the watch began. */
  missed: number[];
}

interface Watch extends Watched {
  stop: () => void;
}

declare global {
  var quillWatches: Record<string, Watch>;
}

/** Begins to watch; the text must be there now. */
export async function watch(tablet: Tablet, text: string): Promise<void> {
  await tablet.page.evaluate((text) => {
    const shown = (): boolean =>
      document.body.innerText.includes(text) || [...document.querySelectorAll("textarea, input")].some((box) => (box as HTMLInputElement).value.includes(text));
    if (!shown()) throw new Error(`"${text}" is not on the screen to begin with`);
    const began = performance.now();
    const watch = { looks: 0, missed: [] as number[], stop: () => undefined as void };
    const look = (): void => {
      watch.looks += 1;
      if (!shown()) watch.missed.push(Math.round(performance.now() - began));
    };
    let frame = 0;
    const everyFrame = (): void => {
      look();
      frame = requestAnimationFrame(everyFrame);
    };
    const changes = new MutationObserver(look);
    changes.observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true });
    everyFrame();
    watch.stop = () => {
      cancelAnimationFrame(frame);
      changes.disconnect();
    };
    (globalThis.quillWatches ??= {})[text] = watch;
  }, text);
}

/** What the watch saw so far. */
export async function watched(tablet: Tablet, text: string): Promise<Watched> {
  return tablet.page.evaluate((text) => {
    const { looks, missed } = globalThis.quillWatches[text]!;
    return { looks, missed };
  }, text);
}

/** Ends the watch. */
export async function unwatch(tablet: Tablet, text: string): Promise<void> {
  await tablet.page.evaluate((text) => globalThis.quillWatches[text]!.stop(), text);
}
