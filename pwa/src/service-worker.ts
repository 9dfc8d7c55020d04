/// <reference lib="webworker" />
/**
 * Keeps the app's shell (no answer of the API, ever) and wakes open tabs when the browser says the network is back.
 * It holds no key and reads no record.
 */
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

precacheAndRoute(self.__WB_MANIFEST, { cleanURLs: false });
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html"), { allowlist: [/^\/app\/(?!blank\.html|public\/)/] }));

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

async function wakeTabs(): Promise<void> {
  for (const client of await self.clients.matchAll({ type: "window" })) client.postMessage({ type: "quill:wake" });
}

self.addEventListener("sync", (event: Event) => {
  (event as ExtendableEvent).waitUntil(wakeTabs());
});

self.addEventListener("message", (event) => {
  const message = event.data as { type?: string };
  if (message.type === "quill:take-over") void self.skipWaiting();
  if (message.type === "quill:wake") event.waitUntil(wakeTabs());
});
