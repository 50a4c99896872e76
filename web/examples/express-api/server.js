// An API of your own beside Countersign: it knows who calls by the access token, and asks nobody.
//
//     ISSUER=http://localhost:8420 AUDIENCE=http://localhost:8420 PORT=3000 node server.js

import { createGuard } from "@countersign/server";
import { answerAuthErrors, optionalAuth, requireAuth } from "@countersign/server/express";
import express from "express";

const { ISSUER = "http://localhost:8420", AUDIENCE = ISSUER, PORT = "3000" } = process.env;
const guard = createGuard({ issuer: ISSUER, audience: AUDIENCE });
const orders = new Map();
const app = express();
app.use(express.json());

app.get("/", optionalAuth(guard), ({ identity }, response) => {
  response.json({ hello: identity?.email ?? "stranger" });
});

app.get("/orders", requireAuth(guard), ({ identity }, response) => {
  response.json({ orders: orders.get(identity.id) ?? [] });
});

app.post("/orders", requireAuth(guard), ({ identity, body }, response) => {
  orders.set(identity.id, [...(orders.get(identity.id) ?? []), String(body?.what)]);
  response.status(201).json({ orders: orders.get(identity.id) });
});

// What cannot be taken back wants a proof of the last ten minutes; what is everybody's, a role.
app.delete("/orders", requireAuth(guard, { recentSeconds: 600 }), ({ identity }, response) => {
  orders.delete(identity.id);
  response.status(204).end();
});
app.get("/orders/all", requireAuth(guard, { roles: ["desk"] }), (_request, response) => {
  response.json({ orders: Object.fromEntries(orders) });
});

app.use(answerAuthErrors);
const server = app.listen(Number(PORT), "localhost", () => console.log(`listening on ${server.address().port}`));
