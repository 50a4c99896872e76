// What the compiler must accept, and what it must refuse.

import { account } from "../src/account.js";
import { attachAxios } from "../src/axios.js";
import { createClient, isAuthError, type AuthCode, type Calls, type Snapshot } from "../src/index.js";
import { kyHooks } from "../src/ky.js";
import { attachQuery, queryDefaults } from "../src/query.js";
import { QueryClient } from "@tanstack/query-core";
import axios from "axios";
import ky from "ky";

const auth = createClient({ url: "/api/auth", audiences: ["https://api.example.test"] });

export async function use(): Promise<void> {
  const user = await auth.signIn.password({ email: "a", password: "b" });
  const name: string = user.name;
  // @ts-expect-error the server refuses what a person may not set
  await auth.register({ email: "a", password: "b", name, role: "admin" });
  // @ts-expect-error a code comes with its method
  await auth.signIn.secondFactor({ code: "123456" });
  await auth.signIn.secondFactor({ method: "totp", code: "123456" });
  const maybe = await auth.register({ email: "a", password: "b", name });
  // @ts-expect-error a registration may have to be confirmed first
  maybe.id;

  const { status }: Snapshot = auth.snapshot();
  // @ts-expect-error there is no such status
  if (status === "signedin") return;
  // @ts-expect-error a snapshot cannot be changed
  auth.snapshot().status = "signedOut";

  auth.on("signedOut", ({ reason }) => {
    // @ts-expect-error there is no such reason
    return reason === "bored";
  });
  // @ts-expect-error there is no such event
  auth.on("signedup", () => {});

  const known: AuthCode = "TOKEN_EXPIRED";
  const unknown: AuthCode = "OF_TOMORROW";
  try {
    await account(auth).changePassword({ currentPassword: known, newPassword: unknown });
  } catch (error) {
    if (isAuthError(error, "AUTH_FAILED", "RATE_LIMITED")) {
      const code: "AUTH_FAILED" | "RATE_LIMITED" = error.code;
      const seconds: number | undefined = error.retryAfter;
      void [code, seconds];
    }
    // @ts-expect-error nothing is known of other errors
    error.code;
  }

  const body: Calls["POST /api/auth/login"]["body"] = { email: "a", password: "b" };
  void body;
}

// The adapters take what the libraries give.
attachAxios(auth, axios.create());
ky.create({ hooks: kyHooks(auth) });
attachQuery(auth, new QueryClient({ defaultOptions: queryDefaults() }));
