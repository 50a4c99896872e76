// Fails where an entry weighs more than it may: minified, through gzip -9. A worker loads it at each cold start.

import { gzipSync } from "node:zlib";
import { bundle } from "./entries.js";

/** Bytes. */
const MOST = { index: 5000, express: 500, hono: 400, testing: 1500 };

const { outputFiles } = await bundle({ minify: true, write: false });
for (const { path, contents } of outputFiles) {
  const [, name] = /([^/]+)\.js$/.exec(path);
  const size = gzipSync(contents, { level: 9 }).length;
  if (MOST[name] === undefined) throw new Error(`no bound is set for ${name}`);
  console.log(`${size > MOST[name] ? "TOO MUCH" : "ok"}  ${name}  ${size} of ${MOST[name]} bytes`);
  if (size > MOST[name]) process.exitCode = 1;
}
