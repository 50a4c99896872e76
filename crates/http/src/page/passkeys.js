// Passkeys in this browser: makes one, signs in with one, and offers those it has where an address is typed.
//
// Promises: at most one question to the authenticator is open at a time; the quiet one behind the address field never disturbs
// anybody: where it cannot be asked, or is refused, nothing is said; a stranger who does nothing causes no call.

const OPTIONS = "/api/auth/passkey/options";

/** A person closed the browser's window, or took too long: nothing to be told about. */
export const isDismissed = (error) => error.name === "NotAllowedError" || error.name === "AbortError";

/** Whether this browser knows passkeys in the forms of WebAuthn Level 3. */
export const isSupported = (types) =>
  typeof types === "function" && ["parseCreationOptionsFromJSON", "parseRequestOptionsFromJSON"].every((name) => name in types);

/**
 * Makes the acts. `client` is the API's, `credentials` is `navigator.credentials`, `types` is `PublicKeyCredential`.
 */
export function createPasskeys({ client, credentials, types }) {
  let open = null;

  /** Gives up the question that is open, if there is one. */
  function stop() {
    open?.abort();
    open = null;
  }

  async function ask(act) {
    stop();
    const mine = new AbortController();
    open = mine;
    try {
      return (await act(mine.signal)).toJSON();
    } finally {
      if (open === mine) open = null;
    }
  }

  async function answer(options, extra = {}) {
    const publicKey = types.parseRequestOptionsFromJSON(options);
    return ask((signal) => credentials.get({ publicKey, signal, ...extra }));
  }

  return {
    stop,

    /** Signs in with whatever passkey the person chooses. */
    async signIn(remember) {
      const credential = await answer(await client.ask(OPTIONS, {}));
      return client.signInWithPasskey({ credential, remember });
    },

    /** Signs in with the passkey that is chosen in the list below the address field; null where none is. */
    async offer(remember) {
      if (!(await types.isConditionalMediationAvailable?.())) return null;
      try {
        const credential = await answer(await client.ask(OPTIONS, {}), { mediation: "conditional" });
        return await client.signInWithPasskey({ credential, remember: remember() });
      } catch (error) {
        // Before the person has chosen, nobody asked for anything.
        if (isDismissed(error) || error.code === "RATE_LIMITED" || error.code === "NETWORK" || error.code === "NOT_FOUND") return null;
        throw error;
      }
    },

    /** Completes a sign-in that waits for its second factor. */
    async secondStep(mfaToken) {
      const credential = await answer(await client.ask(OPTIONS, { mfaToken }));
      return client.secondStep({ mfaToken, method: "passkey", credential });
    },

    /** Makes a passkey for whoever is signed in: `{ passkey }`, and the first time with `recoveryCodes`. */
    async register(name) {
      const options = await client.call("POST", "/api/user/passkeys/options");
      const publicKey = types.parseCreationOptionsFromJSON(options);
      const credential = await ask((signal) => credentials.create({ publicKey, signal }));
      return client.call("POST", "/api/user/passkeys", { credential, ...(name && { name }) });
    },

    /** Proves with a passkey that whoever is signed in is still there. */
    async stepUp() {
      const credential = await answer(await client.call("POST", OPTIONS));
      await client.stepUpWith({ method: "passkey", credential });
    },

    /** Tells the browser that a passkey counts here no more, so that it offers it no longer. */
    async forget({ credentialId }) {
      await types.signalUnknownCredential?.({ rpId: location.hostname, credentialId }).catch(() => {});
    },
  };
}
