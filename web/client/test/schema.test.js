// The generator of the types.

import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "../scripts/schema.js";

const document = (schemas, paths = {}) => ({ components: { schemas }, paths });

test("a schema becomes a type, with what is said of it", () => {
  const text = generate(document({
    Thing: {
      type: "object",
      description: "A thing.\n*/ and no end",
      required: ["id"],
      properties: {
        id: { type: "string", description: "Its id." },
        size: { type: ["integer", "null"] },
        "odd-name": { type: "array", items: { type: ["string", "null"] } },
        kind: { enum: ["a", "b"] },
        other: { oneOf: [{ $ref: "#/components/schemas/Other" }, { type: "null" }] },
        table: { type: "object", additionalProperties: { type: "boolean" } },
        any: {},
      },
    },
    Other: { allOf: [{ $ref: "#/components/schemas/Thing" }, { type: "object", properties: { more: { const: 1 } } }] },
  }));

  assert.match(text, /export interface Thing \{\n {2}\/\*\* Its id\. \*\/\n {2}id: string;\n {2}size\?: number \| null;\n {2}"odd-name"\?: \(string \| null\)\[\];\n {2}kind\?: "a" \| "b";\n {2}other\?: Other \| null;\n {2}table\?: Record<string, boolean>;\n {2}any\?: unknown;\n\}/);
  assert.match(text, /export type Other = Thing & \{\n {2}more\?: 1;\n\};/);
  assert.ok(text.includes(" * *\\/ and no end"));
});

test("codes and calls are collected", () => {
  const problem = (...codes) => ({ content: { "application/problem+json": { schema: { allOf: [{}, { properties: { code: { enum: codes } } }] } } } });
  const text = generate(document({}, {
    "/api/x": {
      post: {
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Body" } } } },
        responses: { 200: { content: { "application/json": { schema: { type: "object" } } } }, 202: {}, 400: problem("B", "A"), 401: problem("A") },
      },
    },
    "/page": { get: { responses: { 200: {} } } },
  }));

  assert.match(text, /export type Code =\n {2}\| "A"\n {2}\| "B";/);
  assert.match(text, /"POST \/api\/x": \{ body: Body; answer: Record<string, unknown> \| undefined \};/);
  assert.ok(!text.includes("/page"));
});

test("what administrators alone use is left out, and what others use too is kept", () => {
  const answers = (name) => ({ get: { responses: { 200: { content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } } } } } });
  const thing = (more) => ({ type: "object", properties: { more } });
  const text = generate(document(
    { Desk: thing({ $ref: "#/components/schemas/Drawer" }), Drawer: thing({ $ref: "#/components/schemas/Shared" }), Shared: thing({ type: "string" }), Loose: { type: "string" }, Mine: thing({ $ref: "#/components/schemas/Shared" }) },
    { "/api/admin/v1/desk": answers("Desk"), "/api/mine": answers("Mine") },
  ));

  assert.deepEqual([...text.matchAll(/export (?:interface|type) (\w+)/g)].map(([, name]) => name), ["Loose", "Mine", "Shared", "Code", "Calls"]);
  assert.ok(text.includes("GET /api/mine") && !text.includes("admin"));
});

test("what is not understood is refused, and not guessed", () => {
  assert.throws(() => generate(document({ A: { type: "file" } })), /unknown type/);
  assert.throws(() => generate(document({ A: { $ref: "#/components/parameters/B" } })), /something else than a schema/);
  assert.throws(() => generate(document({ "not a name": { type: "string" } })), /not a name/);
});
