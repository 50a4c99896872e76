// A server of its own for each test: a fresh data directory, a free port, gone with the test.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BINARY = process.env.COUNTERSIGN_BIN ?? fileURLToPath(new URL("../../../target/debug/countersign", import.meta.url));
const START_MS = 20_000;

/** Starts `countersign dev`. `t` ends it. `output()` is what it has printed so far; `command()` runs another command on its data. */
export async function startServer(t, settings = {}) {
  if (!existsSync(BINARY)) throw new Error(`no server at ${BINARY}: run \`cargo build\`, or set COUNTERSIGN_BIN`);
  const home = await mkdtemp(join(tmpdir(), "countersign-e2e-"));
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    COUNTERSIGN_LISTEN: `127.0.0.1:${port}`,
    COUNTERSIGN_PUBLIC_URL: `http://localhost:${port}`,
    COUNTERSIGN_DATA_DIR: join(home, "data"),
    ...settings,
  };
  const child = spawn(BINARY, ["dev"], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (printed += part));
  const ended = new Promise((resolve) => child.once("close", resolve));
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(home, { recursive: true, force: true });
  });

  const url = `http://localhost:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await answers(`http://127.0.0.1:${port}/readyz`))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the server did not start:\n${printed}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const command = async (...words) => (await promisify(execFile)(BINARY, words, { cwd: home, env })).stdout;
  return { url, output: () => printed, command };
}

async function answers(url) {
  return fetch(url).then((answer) => answer.ok, () => false);
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
