// The entries of the package, as package.json exports them, and how they are built.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";

export const home = fileURLToPath(new URL("..", import.meta.url));

/** The names of the entries: `index`, `account`, … */
export async function entries() {
  const { exports } = JSON.parse(await readFile(`${home}package.json`, "utf8"));
  return Object.values(exports).map(({ default: file }) => /^\.\/dist\/(.+)\.js$/.exec(file)[1]);
}

/**
 * The files of dist/: an ES module for each entry and for each part that is loaded when it is needed. esbuild puts the sources
 * together, terser makes them small: it writes a function that is used once where it is used, which saves 150 bytes of the core.
 * `name`, `code`, `map`, and in `loads` what the file loads at once.
 */
export async function files() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: home,
    entryPoints: (await entries()).map((name) => `src/${name}.ts`),
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    chunkNames: "part-[name]-[hash]",
    sourcemap: "external",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path.replace(/^.*\/dist\//, ""), text]));
  const names = [...texts.keys()].filter((name) => name.endsWith(".js"));
  return Promise.all(
    names.map(async (name) => {
      const sourceMap = { content: texts.get(`${name}.map`), filename: name, url: `${name}.map` };
      const { code, map } = await minify(texts.get(name), { module: true, ecma: 2022, compress: { passes: 3 }, sourceMap });
      const { imports } = metafile.outputs[`dist/${name}`];
      const loads = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path.replace(/^dist\//, ""));
      return { name, code, map, loads };
    }),
  );
}
