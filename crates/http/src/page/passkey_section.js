// The parts of the page that have to do with passkeys: the button and the list below the address field when signing in, and the
// section in which they are managed.

import { createPasskeys, isDismissed, isSupported } from "/assets/passkeys.js";

/** The signs that somebody is there: the quiet question is asked at the first of them, before an address field is reached. */
const SIGNS = ["pointermove", "pointerdown", "touchstart", "keydown", "focusin"];

/** Less than a question lives. */
const OFFER_MS = 4 * 60_000;

/**
 * Starts them. `page` has what the page can do: `client`, `element`, `made`, `moment`, `say`, `act`, `onSubmit`, and `entered(user)`,
 * which is called with whoever has signed in. Gives `show()`, to be called when somebody is signed in,
 * `clear()`, when nobody is any more, and `withSecondFactor(signIn)`.
 */
export function startPasskeys({ client, element, made, moment, say, act, onSubmit, entered }) {
  const types = globalThis.PublicKeyCredential;
  if (!isSupported(types)) return { show: async () => {}, clear: () => {}, withSecondFactor: (signIn) => signIn() };
  const passkeys = createPasskeys({ client, credentials: navigator.credentials, types });
  const remember = () => element("sign-in-remember").checked;

  for (const part of document.querySelectorAll("[data-needs=passkeys]")) part.hidden = false;
  element("passkey-sign-in").addEventListener("click", () => act(async () => {
    say("");
    await unlessDismissed(async () => entered(await passkeys.signIn(remember())));
  }, say));
  let isOffered = false;
  for (const sign of SIGNS) addEventListener(sign, offer, { passive: true });

  /** Offers passkeys below the address field, until one is chosen or something else is begun. */
  function offer() {
    if (isOffered || element("sign-in").hidden) return;
    isOffered = true;
    // The question grows old; the next sign of somebody asks anew.
    setTimeout(() => {
      if (element("sign-in").hidden) return;
      passkeys.stop();
      isOffered = false;
    }, OFFER_MS);
    act(async () => {
      const user = await passkeys.offer(remember);
      if (user !== null) await entered(user);
    }, say);
  }

  async function show() {
    passkeys.stop();
    isOffered = false;
    const { passkeys: list } = await client.call("GET", "/api/user/passkeys");
    element("passkeys").replaceChildren(...list.map(item));
    element("passkeys-none").hidden = list.length > 0;
  }

  /** Nothing of the person may stay on the page. */
  function clear() {
    passkeys.stop();
    isOffered = false;
    element("passkeys").replaceChildren();
    element("passkey-codes").replaceChildren();
    element("passkey-recovery").hidden = true;
  }

  function item(passkey) {
    const used = passkey.lastUsedAt ? `last used ${moment(passkey.lastUsedAt)}` : "not used yet";
    const kind = passkey.isSynced ? "synced between devices" : "on one device";
    const node = made("li");
    node.append(made("strong", passkey.name), made("span", `${kind}, added ${moment(passkey.createdAt)}, ${used}`));
    node.append(renaming(passkey), button("Delete", `Delete the passkey ${passkey.name}`, () => remove(passkey)));
    return node;
  }

  function renaming(passkey) {
    const form = made("form");
    const label = made("label", "New name");
    const input = made("input");
    input.id = `name-${passkey.id}`;
    input.name = "name";
    input.value = passkey.name;
    input.maxLength = 100;
    label.htmlFor = input.id;
    const save = made("button", "Rename");
    save.className = "quiet";
    save.setAttribute("aria-label", `Rename the passkey ${passkey.name}`);
    form.append(label, input, save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(async () => {
        await client.call("PATCH", `/api/user/passkeys/${encodeURIComponent(passkey.id)}`, { name: input.value });
        await done("The passkey has its new name.");
      });
    });
    return form;
  }

  function button(text, label, work) {
    const node = made("button", text);
    node.type = "button";
    node.className = "quiet";
    node.setAttribute("aria-label", label);
    node.addEventListener("click", () => act(work));
    return node;
  }

  async function remove(passkey) {
    await proven(() => client.call("DELETE", `/api/user/passkeys/${encodeURIComponent(passkey.id)}`));
    // Other sessions have ended, and this one's token is superseded.
    await client.refresh();
    await passkeys.forget(passkey);
    await done("The passkey is deleted.");
  }

  async function done(text) {
    await show();
    say(text);
    element("passkeys-title").focus();
  }

  /** Does it, and where that needs a proof, asks for one first: the password, if it was given, else a passkey. */
  async function proven(work) {
    const password = element("passkey-password");
    try {
      return await work();
    } catch (error) {
      if (error.code !== "STEP_UP_REQUIRED") throw error;
    }
    if (password.value === "" && element("passkeys").children.length > 0) {
      await passkeys.stepUp();
    } else if (password.value === "") {
      password.closest("p").hidden = false;
      password.focus();
      throw new Error("Enter your password, and try again.");
    } else {
      await client.stepUp(password.value);
    }
    password.value = "";
    password.closest("p").hidden = true;
    return work();
  }

  /** Signs in, and answers with a passkey where a second factor is asked for. */
  async function withSecondFactor(signIn) {
    try {
      return await signIn();
    } catch (error) {
      if (error.code !== "MFA_REQUIRED" || !error.methods.includes("passkey")) throw error;
      say("Confirm with your passkey.");
      try {
        return await passkeys.secondStep(error.mfaToken);
      } catch (second) {
        throw isDismissed(second) ? error : second;
      }
    }
  }

  onSubmit("passkey-form", async ({ name }, form) => {
    await unlessDismissed(async () => {
      const { recoveryCodes = [] } = await proven(() => passkeys.register(name));
      form.reset();
      element("passkey-codes").replaceChildren(...recoveryCodes.map((code) => made("li", code)));
      element("passkey-recovery").hidden = recoveryCodes.length === 0;
      await done("The passkey is ready. You can sign in with it.");
    });
  });

  return { show, clear, withSecondFactor };
}

async function unlessDismissed(work) {
  try {
    await work();
  } catch (error) {
    if (error.name === "InvalidStateError") throw new Error("This device has a passkey for this account already.");
    if (!isDismissed(error)) throw error;
  }
}
