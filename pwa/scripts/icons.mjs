// Draws public/icons/*.png from quill.svg with a browser: node scripts/icons.mjs /usr/bin/chromium
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const icons = new URL("../public/icons/", import.meta.url);
const svg = readFileSync(new URL("quill.svg", icons), "utf8");
const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox"] });
for (const [name, size, inset] of [["quill-192.png", 192, 0], ["quill-512.png", 512, 0], ["quill-maskable-512.png", 512, 0.1]]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const room = Math.round(size * inset);
  const ground = inset ? "#1f59c8" : "transparent";
  await page.setContent(`<body style="margin:0;background:${ground}"><div style="padding:${room}px">${svg.replace("<svg", `<svg width="${size - 2 * room}" style="display:block"`)}</div>`);
  writeFileSync(new URL(name, icons), await page.screenshot({ omitBackground: true }));
}
await browser.close();
