// Fails where an entry weighs more than it may: minified, through gzip -9. Of the others what they add to the guard is counted.

import { gzipSync } from "node:zlib";
import { bundle, entries } from "./entries.js";

/** Bytes. */
const MOST = { index: 5000, express: 500, hono: 400, feed: 2500, testing: 1500 };

for (const name of await entries()) {
  const { outputFiles, metafile } = await bundle({ entryPoints: [...new Set(["src/index.ts", `src/${name}.ts`])], minify: true, write: false, metafile: true });
  const sizes = new Map(outputFiles.map(({ path, contents }) => [path.replace(/^.*\/dist\//, "dist/"), gzipSync(contents, { level: 9 }).length]));
  const guard = name === "index" ? new Set() : loadedBy("dist/index.js", metafile);
  const size = [...loadedBy(`dist/${name}.js`, metafile)].filter((file) => !guard.has(file)).reduce((sum, file) => sum + sizes.get(file), 0);
  if (MOST[name] === undefined) throw new Error(`no bound is set for ${name}`);
  console.log(`${size > MOST[name] ? "TOO MUCH" : "ok"}  ${name}  ${size} of ${MOST[name]} bytes`);
  if (size > MOST[name]) process.exitCode = 1;
}

function loadedBy(file, metafile, seen = new Set()) {
  if (!seen.has(file)) {
    seen.add(file);
    for (const { path } of metafile.outputs[file].imports) loadedBy(path, metafile, seen);
  }
  return seen;
}
