// Builds dist/index.js; React and the client stay outside. `tsc` adds the types.

import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const home = fileURLToPath(new URL("..", import.meta.url));
await rm(`${home}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: home,
  entryPoints: ["src/index.ts"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});
