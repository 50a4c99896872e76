// The entries of the package, as package.json exports them, and how they are built: readable, for stack traces on a server.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const home = fileURLToPath(new URL("..", import.meta.url));

/** The names of the entries: `index`, `express`, … */
export async function entries() {
  const { exports } = JSON.parse(await readFile(`${home}package.json`, "utf8"));
  return Object.values(exports).map(({ default: file }) => /^\.\/dist\/(.+)\.js$/.exec(file)[1]);
}

/** Builds the entries. `options` are esbuild's. */
export async function bundle(options) {
  return build({
    absWorkingDir: home,
    entryPoints: (await entries()).map((name) => `src/${name}.ts`),
    outdir: "dist",
    bundle: true,
    // Nothing of Node: what is not in every runtime fails here.
    platform: "neutral",
    format: "esm",
    splitting: true,
    chunkNames: "part-[hash]",
    target: "es2022",
    logLevel: "warning",
    ...options,
  });
}
