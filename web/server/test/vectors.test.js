// The published vectors, read from the folder that COUNTERSIGN_VECTORS names (default: shared/vectors beside the repository). Where it is
// absent the tests say so. Of each file every case is counted; the valid ones that are refused are listed with the reason.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = process.env.COUNTERSIGN_VECTORS ?? fileURLToPath(new URL("../../../../shared/vectors", import.meta.url));
const home = fileURLToPath(new URL("..", import.meta.url));

/** What no entry exports: the layer below the claims, for the vectors hold none. */
const { outputFiles } = await build({ absWorkingDir: home, stdin: { contents: 'export * from "./src/keys.ts"; export * from "./src/verify.ts";', resolveDir: home }, bundle: true, format: "esm", write: false });
const { open, readKeys } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

/** Runs `act` on the groups of a file. */
function vectors(file, act) {
  const path = `${folder}/wycheproof/${file}`;
  const skip = existsSync(path) ? false : `${file} is absent: its cases are not run (COUNTERSIGN_VECTORS names the folder)`;
  test(`wycheproof ${file}`, { skip }, async () => act(JSON.parse(await readFile(path, "utf8")).testGroups));
}

/** Counts cases: valid ones taken, others refused, and the two kinds of difference by id. */
function tally() {
  const it = { accepted: 0, refused: 0, strict: [], lax: [] };
  it.count = ({ tcId, result }, isAccepted) => {
    if (result === "valid") isAccepted ? (it.accepted += 1) : it.strict.push(tcId);
    else isAccepted ? it.lax.push(tcId) : (it.refused += 1);
  };
  it.is = (accepted, refused, strict = [], lax = []) => assert.deepEqual([it.accepted, it.refused, it.strict, it.lax], [accepted, refused, strict, lax]);
  return it;
}

const base64url = (hex) => Buffer.from(hex, "hex").toString("base64url");

/** Whether a token is taken by the published keys of its group. */
async function opens(token, jwks) {
  const keys = await readKeys(JSON.stringify(jwks)).catch(() => new Map());
  return open(token, async () => keys).then(() => true, () => false);
}

/** Counts a file of tokens; where a group publishes nothing, its secrets are shown to us, and not believed. */
async function tokens(groups) {
  const it = tally();
  for (const { public: published, private: secret, tests } of groups) {
    const found = published ?? secret;
    for (const one of tests) {
      const token = one.jws ?? one.jwe;
      it.count(one, await opens(typeof token === "string" ? token : JSON.stringify(token), found.keys ? found : { keys: [found] }));
    }
  }
  return it;
}

/** Counts a file of signatures over bytes. */
async function signatures(groups, jwkOf) {
  const it = tally();
  for (const group of groups) {
    const key = (await readKeys(JSON.stringify({ keys: [{ kid: "k", ...jwkOf(group.publicKey) }] }))).get("k");
    for (const one of group.tests) it.count(one, await key.verifies(new Uint8Array(Buffer.from(one.sig, "hex")), new Uint8Array(Buffer.from(one.msg, "hex"))));
  }
  return it;
}

vectors("json_web_signature_test.json", async (groups) => {
  const it = await tokens(groups);
  const hs256 = [1, 348, 352, 357, 358, 359, 376, 377];
  const otherHashes = [264, 265, 266, 267, 268, 269, 270, 271, 320, 321, 322, 323, 325, 326, 327, 328];
  // 346 and 350: the key says PS256, the token PS384. 347 and 351: P-521. 372 and 373: a question mark inside a segment.
  const others = [346, 347, 350, 351, 372, 373];
  it.is(16, 355, [...hs256, ...otherHashes, ...others].sort((a, b) => a - b));
});

vectors("json_web_key_test.json", async (groups) => {
  const it = await tokens(groups);
  // 2 and 13 to 15 are HMAC. 7 is a key of the broken generator of CVE-2017-15361: an issuer's own set is believed in this.
  it.is(1, 20, [2, 13, 14, 15], [7]);
});

vectors("json_web_crypto_test.json", async (groups) => {
  const it = await tokens(groups);
  // 1 and 48 are HMAC, 50 and 67 encrypted. 46 as 7 above.
  it.is(2, 76, [1, 48, 50, 67], [46]);
});

vectors("json_web_encryption_test.json", async (groups) => {
  const it = await tokens(groups);
  assert.deepEqual([it.accepted, it.lax, it.refused + it.strict.length], [0, [], 139], "a JWE is never taken for a JWS");
});

vectors("ed25519_test.json", async (groups) => (await signatures(groups, ({ pk }) => ({ kty: "OKP", crv: "Ed25519", x: base64url(pk) }))).is(88, 63));

vectors("ecdsa_secp256r1_sha256_p1363_test.json", async (groups) => {
  const it = await signatures(groups, ({ uncompressed }) => ({ kty: "EC", crv: "P-256", x: base64url(uncompressed.slice(2, 66)), y: base64url(uncompressed.slice(66)) }));
  it.is(173, 89);
});

for (const [file, alg, accepted, refused] of [["rsa_signature_2048_sha256_test.json", "RS256", 9, 250], ["rsa_pss_2048_sha256_mgf1_32_test.json", "PS256", 63, 45]]) {
  vectors(file, async (groups) => {
    const it = await signatures(groups, ({ modulus, publicExponent }) => ({ kty: "RSA", alg, n: base64url(modulus.replace(/^00/, "")), e: base64url(publicExponent) }));
    it.is(accepted, refused);
  });
}
