// What the compiler must accept, and what it must refuse.

import type { ReactElement } from "react";
import { AuthProvider, Can, RequireAuth, SignedIn, useAuth, useAuthEvent, useUser, withAuth } from "../src/index.js";

function Page({ title }: { title: string }): ReactElement {
  const { status, signIn } = useAuth();
  // @ts-expect-error there is no such status
  if (status === "unknown") return <p />;
  const user = useUser();
  // @ts-expect-error there may be nobody
  user.id;
  useAuthEvent("signedOut", ({ reason }) => void reason.length);
  return <button onClick={() => void signIn.password({ email: "a", password: "b" })}>{title}</button>;
}

const Guarded = withAuth(Page, { fallback: null });

export const app = (
  <AuthProvider options={{ url: "/api/auth" }}>
    <SignedIn>
      <Can permission="orders:read">
        <Guarded title="Orders" />
        {/* @ts-expect-error the component wants its title */}
        <Guarded />
      </Can>
    </SignedIn>
    <RequireAuth onSignedOut={() => location.assign("/login")} />
  </AuthProvider>
);
