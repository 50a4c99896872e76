// A page whose people stay signed in: reload it, open it five times, close the lid.

import { isAuthError } from "@countersign/client";
import { AuthProvider, SignedIn, SignedOut, useAuth, useUser } from "@countersign/react";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

function Enter() {
  const { register, signIn } = useAuth();
  const [step, setStep] = useState("password");
  const [said, setSaid] = useState("");

  async function submit(event) {
    event.preventDefault();
    const { name, email, password, code } = Object.fromEntries(new FormData(event.target, event.nativeEvent.submitter));
    try {
      if (step === "code") await signIn.secondFactor({ method: "totp", code });
      else if (name) await register({ name, email, password });
      else await signIn.password({ email, password });
    } catch (error) {
      if (isAuthError(error, "MFA_REQUIRED")) return setStep("code");
      setSaid(error.message); // fit to be shown
    }
  }

  return (
    <form onSubmit={submit}>
      {step === "code" ? <label>Code <input name="code" autoComplete="one-time-code" /></label> : (
        <>
          <label>Name, if you are new <input name="name" autoComplete="name" /></label>
          <label>Email <input name="email" autoComplete="username" /></label>
          <label>Password <input name="password" type="password" autoComplete="current-password" /></label>
        </>
      )}
      <button>Go on</button> <p role="alert">{said}</p>
    </form>
  );
}

function Orders() {
  const { fetch, signOut } = useAuth(); // fetch sends the token, refreshes and repeats
  const user = useUser();
  const [profile, setProfile] = useState(null);
  useEffect(() => void fetch("/api/user/profile").then((answer) => answer.json()).then(setProfile), [fetch]);
  return <><h1>Orders of {profile?.name ?? user?.email}</h1><button onClick={() => signOut()}>Sign out</button></>;
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <AuthProvider>
      <SignedOut><Enter /></SignedOut>
      <SignedIn><Orders /></SignedIn>
    </AuthProvider>
  </StrictMode>,
);
