// Fails where an entry weighs more than it may: what a page loads for it at once, each file through gzip -9. What the core brings
// already is not counted again; the parts that are loaded when they are needed have bounds of their own.

import { gzipSync } from "node:zlib";
import { entries, files } from "./entries.js";

/** Bytes. */
const MOST = { index: 6000, account: 2000, passkeys: 2000, "proof-of-work": 600, live: 1500, axios: 400, ky: 400, query: 400 };
const PARTS = { stay: 1200, enter: 900, diagnose: 600 };

const built = new Map((await files()).map((file) => [file.name, file]));
const core = loadedBy("index.js");
for (const name of await entries()) {
  weigh(name, [...loadedBy(`${name}.js`)].filter((file) => name === "index" || !core.has(file)), MOST[name]);
}
for (const name of [...built.keys()].filter((name) => name.startsWith("part-") && !core.has(name))) {
  const [, part] = /^part-(.+)-\w+\.js$/.exec(name);
  if (part !== "chunk") weigh(`part ${part}`, [...loadedBy(name)].filter((file) => !core.has(file)), PARTS[part]);
}

function weigh(what, names, most) {
  if (most === undefined) throw new Error(`no bound is set for ${what}`);
  const size = names.reduce((sum, name) => sum + gzipSync(withoutComment(built.get(name).code), { level: 9 }).length, 0);
  console.log(`${size > most ? "TOO MUCH" : "ok"}  ${what}  ${size} of ${most} bytes`);
  if (size > most) process.exitCode = 1;
}

/** The address of the source map is for people who debug, and no part of what a bundler takes. */
function withoutComment(code) {
  return code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "");
}

function loadedBy(name, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    for (const other of built.get(name).loads) loadedBy(other, seen);
  }
  return seen;
}
