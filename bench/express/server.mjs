// The rival of `cargo xtask bench`: Express, jsonwebtoken and better-sqlite3, as tutorials put them together, and tuned in the one
// respect that counts most: the HS256 secret is a key object, which is not parsed again for each token.
// usage: node server.mjs PORT DATABASE

import { createHash, createSecretKey, randomBytes, randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import cookieParser from "cookie-parser";
import cors from "cors";
import express from "express";
import helmet from "helmet";
import jwt from "jsonwebtoken";
import morgan from "morgan";

const [port, file] = process.argv.slice(2);
const secret = createSecretKey(randomBytes(32));
const database = new Database(file);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = NORMAL");
database.exec("CREATE TABLE tokens (hash TEXT PRIMARY KEY, family TEXT NOT NULL, user TEXT NOT NULL, spent INTEGER NOT NULL)");
const find = database.prepare("SELECT family, user, spent FROM tokens WHERE hash = ?");
const spend = database.prepare("UPDATE tokens SET spent = 1 WHERE hash = ? AND spent = 0");
const insert = database.prepare("INSERT INTO tokens (hash, family, user, spent) VALUES (?, ?, ?, 0)");

const digest = (token) => createHash("sha256").update(token).digest("base64url");

function issue(user, family) {
  const refreshToken = randomBytes(32).toString("base64url");
  insert.run(digest(refreshToken), family, user);
  const claims = { sub: user, sid: family, jti: randomUUID(), email: "ada@example.com", roles: ["user"] };
  return { accessToken: jwt.sign(claims, secret, { algorithm: "HS256", expiresIn: "15m" }), refreshToken };
}

// One for the other, in one transaction; undefined for a token that is unknown or spent.
const rotate = database.transaction((token) => {
  const hash = digest(token);
  const row = find.get(hash);
  return row !== undefined && spend.run(hash).changes === 1 ? issue(row.user, row.family) : undefined;
});

function authenticate(request, response, next) {
  const token = request.headers.authorization?.split(" ")[1];
  try {
    request.user = jwt.verify(token, secret, { algorithms: ["HS256"] });
    next();
  } catch {
    response.status(401).json({ error: "TOKEN_INVALID" });
  }
}

const app = express();
// What stands before the routes in each of them; our server, too, writes an access log, sends these headers, judges origins and
// reads cookies.
app.use(morgan("combined"));
app.use(helmet());
app.use(cors({ origin: "http://localhost:3000", credentials: true }));
app.use(express.json());
app.use(cookieParser());
app.get("/", (_, response) => response.json({ ok: true }));
// Stands for a sign-in, whose cost is the password hash.
app.get("/token", (_, response) => response.json(issue(randomUUID(), randomUUID())));
app.get("/api/auth/verify", authenticate, (request, response) => response.json({ valid: true, claims: request.user }));
app.post("/api/auth/refresh", (request, response) => {
  const pair = rotate(String(request.body.refreshToken));
  if (pair === undefined) return response.status(401).json({ error: "TOKEN_INVALID" });
  return response.json(pair);
});
app.listen(Number(port), "127.0.0.1");
