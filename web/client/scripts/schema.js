// Writes src/schema.gen.ts from docs/reference/openapi.json: a type for each schema, a line for each call, and the closed list of codes.
// Not of the administrators' API: nobody who signs in has a use for it. `--check` fails where the file differs. Needs nothing but Node, and refuses what it does not understand instead of guessing.

import { readFile, writeFile } from "node:fs/promises";
import { argv, exit } from "node:process";

const DOCUMENT = new URL("../../../docs/reference/openapi.json", import.meta.url);
const FILE = new URL("../src/schema.gen.ts", import.meta.url);
const METHODS = ["get", "post", "put", "patch", "delete"];
const NAME = /^[A-Za-z_$][\w$]*$/;

/** The text of the file for an OpenAPI document. */
export function generate(document) {
  const { schemas } = document.components;
  const [theirs, others] = halves(document.paths, ([path]) => path.startsWith("/api/admin/"));
  const used = reachable(others, schemas);
  const unused = new Set([...reachable(theirs, schemas)].filter((name) => !used.has(name)));
  const names = Object.keys(schemas).filter((name) => !unused.has(name)).sort();
  const calls = others
    .filter(([path]) => path.startsWith("/api/"))
    .flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => call(method, path, item[method])))
    .sort();
  const codes = [...new Set(codesIn(others))].sort();
  return [
    "// Made by `npm run gen` from docs/reference/openapi.json. Do not edit.",
    ...names.map((name) => `${comment(schemas[name].description, "")}export ${declaration(name, schemas[name])}`),
    `/** What the server may refuse a call with. */\nexport type Code =\n${codes.map((code) => `  | ${JSON.stringify(code)}`).join("\n")};`,
    `/** Each call: what it takes, and what it answers where it is not refused. */\nexport interface Calls {\n${calls.join("\n")}\n}`,
  ].join("\n\n") + "\n";
}

function halves(paths, isFirst) {
  const entries = Object.entries(paths);
  return [entries.filter(isFirst), entries.filter((entry) => !isFirst(entry))];
}

/** The names of all schemas that a part of the document leads to. */
function reachable(node, schemas, found = new Set()) {
  if (typeof node !== "object" || node === null) return found;
  const name = typeof node.$ref === "string" ? node.$ref.replace("#/components/schemas/", "") : undefined;
  if (name in schemas && !found.has(name)) reachable(schemas[name], schemas, found.add(name));
  for (const part of Object.values(node)) reachable(part, schemas, found);
  return found;
}

function declaration(name, schema) {
  if (!NAME.test(name)) throw new Error(`not a name for a type: ${name}`);
  return schema.properties && !schema.allOf ? `interface ${name} ${type(schema, "")}` : `type ${name} = ${type(schema, "")};`;
}

/** The TypeScript type of a schema. */
function type(schema, indent) {
  const { $ref, allOf, oneOf, anyOf, enum: values, const: value } = schema;
  if ($ref) return reference($ref);
  if (value !== undefined) return JSON.stringify(value);
  if (values) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (allOf) return allOf.map((part) => type(part, indent)).join(" & ");
  if (oneOf ?? anyOf) return [...new Set((oneOf ?? anyOf).map((part) => type(part, indent)))].join(" | ");
  const kinds = Array.isArray(schema.type) ? schema.type : [schema.type];
  return kinds.map((kind) => plain(kind, schema, indent)).join(" | ");
}

function plain(kind, schema, indent) {
  switch (kind) {
    case "string":
    case "boolean":
    case "null":
      return kind;
    case "integer":
    case "number":
      return "number";
    case "array": {
      const item = type(schema.items, indent);
      return /[|&]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case "object":
      return object(schema, indent);
    case undefined:
      return "unknown";
    default:
      throw new Error(`an unknown type: ${kind}`);
  }
}

function object({ properties, required = [], additionalProperties }, indent) {
  if (!properties) return typeof additionalProperties === "object" ? `Record<string, ${type(additionalProperties, indent)}>` : "Record<string, unknown>";
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(([name, schema]) => {
    const key = NAME.test(name) ? name : JSON.stringify(name);
    return `${comment(schema.description, inner)}${inner}${key}${required.includes(name) ? "" : "?"}: ${type(schema, inner)};`;
  });
  return members.length ? `{\n${members.join("\n")}\n${indent}}` : "Record<string, never>";
}

function reference(pointer) {
  const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(pointer) ?? [];
  if (!name) throw new Error(`a reference to something else than a schema: ${pointer}`);
  return name;
}

function call(method, path, { requestBody, responses }) {
  const body = requestBody?.content?.["application/json"]?.schema;
  const answers = Object.entries(responses)
    .filter(([status]) => /^2/.test(status))
    .map(([, { content }]) => content?.["application/json"]?.schema)
    .map((schema) => (schema ? type(schema, "  ") : "undefined"));
  return `  "${method.toUpperCase()} ${path}": { body: ${body ? type(body, "  ") : "undefined"}; answer: ${[...new Set(answers)].join(" | ")} };`;
}

/** Every value that a member `code` of a problem document may have. */
function codesIn(node) {
  if (typeof node !== "object" || node === null) return [];
  const own = Object.entries(node.content ?? {})
    .filter(([kind]) => kind === "application/problem+json")
    .flatMap(([, { schema }]) => (schema.allOf ?? [schema]).flatMap((part) => part.properties?.code?.enum ?? []));
  return [...own, ...Object.values(node).flatMap(codesIn)];
}

function comment(text, indent) {
  if (!text) return "";
  const lines = text.replaceAll("*/", "*\\/").trim().split("\n");
  return lines.length === 1 ? `${indent}/** ${lines[0]} */\n` : `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

if (import.meta.url === `file://${argv[1]}`) {
  const text = generate(JSON.parse(await readFile(DOCUMENT, "utf8")));
  if (!argv.includes("--check")) await writeFile(FILE, text);
  else if ((await readFile(FILE, "utf8").catch(() => "")) !== text) {
    console.error("web/client/src/schema.gen.ts is not what docs/reference/openapi.json says: run `npm run gen` in web/client");
    exit(1);
  }
}
