// Builds dist/. `tsc` adds the types.

import { rm } from "node:fs/promises";
import { bundle, home } from "./entries.js";

await rm(`${home}dist`, { recursive: true, force: true });
await bundle({ sourcemap: true });
