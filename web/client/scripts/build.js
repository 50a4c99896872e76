// Builds dist/. `tsc` adds the types.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { files, home } from "./entries.js";

await rm(`${home}dist`, { recursive: true, force: true });
await mkdir(`${home}dist`);
for (const { name, code, map } of await files()) {
  await writeFile(`${home}dist/${name}`, code);
  await writeFile(`${home}dist/${name}.map`, map);
}
