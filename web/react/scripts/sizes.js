// Fails where the bindings and the client's core together weigh more than 8.5 KB, each through gzip -9.

import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const MOST = 8_500;

const sizes = await Promise.all(["../dist/index.js", "../../client/dist/index.js"].map(async (path) => {
  const code = await readFile(new URL(path, import.meta.url), "utf8");
  return gzipSync(code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ""), { level: 9 }).length;
}));
const sum = sizes[0] + sizes[1];
console.log(`${sum > MOST ? "TOO MUCH" : "ok"}  react ${sizes[0]} and core ${sizes[1]}: ${sum} of ${MOST} bytes`);
process.exitCode = sum > MOST ? 1 : 0;
