// Lets the page that waits for a mail go on by itself once the link was used: in this browser or elsewhere. It only looks; nothing
// is ever used on its behalf.

const status = document.querySelector("[data-wait]");
const EVERY_MS = 3000;

async function look() {
  if (document.visibilityState !== "visible") return "waiting";
  const answer = await fetch("/api/auth/email/waiting", { headers: { accept: "application/json" } });
  return answer.ok ? (await answer.json()).state : "waiting";
}

async function turn() {
  let state = "waiting";
  try {
    state = await look();
  } catch {
    // No network: the next turn may have one.
  }
  if (state === "used") {
    location.replace("/");
  } else if (state === "over") {
    status.textContent = "The link has run out. Ask for a new one.";
  } else {
    setTimeout(turn, EVERY_MS);
  }
}

turn();
