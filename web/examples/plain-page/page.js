// No build step: /countersign is the folder `dist` of @countersign/client, served from this page's own origin.

import { createClient, isAuthError } from "/countersign/index.js";

const auth = createClient();
const enter = document.querySelector("#enter");
const orders = document.querySelector("#orders");

async function render() {
  const { status } = auth.snapshot();
  enter.hidden = status !== "signedOut";
  orders.hidden = status === "signedOut";
  if (enter.hidden) {
    const answer = await auth.fetch("/api/user/profile"); // with the token; refreshed and sent again where that is needed
    if (answer.ok) orders.querySelector("h1").textContent = `Orders of ${(await answer.json()).name}`;
  }
}

enter.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(enter));
  try {
    await (name ? auth.register({ name, email, password }) : auth.signIn.password({ email, password }));
  } catch (error) {
    const isSecond = isAuthError(error, "MFA_REQUIRED");
    if (isSecond) await auth.signIn.secondFactor({ method: "totp", code: prompt("The code of your authenticator app") });
    else enter.querySelector("[role=alert]").textContent = error.message; // fit to be shown
  }
});
orders.querySelector("button").addEventListener("click", () => auth.signOut());

await auth.ready;
auth.on("signedIn", render);
auth.on("signedOut", render);
await render();
