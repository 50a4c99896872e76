// Five tabs of one person in bad conditions: `npm run chaos -- --minutes 10`.
//
// Answers are lost and late, pages are reloaded, frozen, kept for the way back, and without a network, while every tab works. Nobody may
// be signed out, and the tabs may not ask much more often than one tab would. Then the cookies are copied out and used elsewhere: the
// session must end, and both must learn of it. Needs the client built, and a server as the tests do.

import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { PASSWORD, QUIET } from "./support/browser.js";
import { startSite } from "./support/site.js";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: `${Date.now() % 100_000}` } } });
const TABS = 5;
const LOST = 0.2;
const LATE = 0.2;
/** The client renews a token of 20 s when half of its life is left. */
const RENEWAL_MS = 10_000;
const MOST_PER_NEED = 1.3;

const ends = [];
const t = { after: (end) => ends.unshift(end) };
try {
  await run();
} finally {
  for (const end of ends) await end();
}

async function run() {
  const chance = makeChance(Number(values.seed));
  const site = await startSite(t, { COUNTERSIGN_TOKENS__ACCESS_SECONDS: "20" });
  const executablePath = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: QUIET, ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const tabs = [];
  for (let n = 0; n < TABS; n += 1) tabs.push(await openTab(context, site));
  await tabs[0].evaluate((who) => auth.register(who), { email: "ada@example.test", password: PASSWORD, name: "Ada" });
  await Promise.all(tabs.map((tab) => tab.waitForFunction(() => auth.snapshot().status === "signedIn")));

  const count = { calls: 0, failed: 0, lost: 0, late: 0, loads: 0, frozen: 0, offline: 0, kept: 0 };
  const outs = [];
  site.asked.length = 0;
  site.spoil = async () => {
    const luck = chance();
    if (luck < LOST) {
      count.lost += 1;
      return "lost";
    }
    if (luck < LOST + LATE) {
      count.late += 1;
      await rest(chance() * 4_000);
    }
    return undefined;
  };
  const begun = Date.now();
  const end = begun + Number(values.minutes) * 60_000;
  await Promise.all(tabs.map((tab) => live(tab, { site, context, chance, count, outs, end })));
  site.spoil = null;

  // One tab would need one for each page that is loaded, and one whenever half a life is left.
  const perNeed = site.refreshes().length / ((Date.now() - begun) / RENEWAL_MS + count.loads);
  console.log({ seed: values.seed, minutes: values.minutes, ...count, refreshes: site.refreshes().length, perNeed: perNeed.toFixed(2), signOuts: outs.length });
  for (const out of outs) console.log(out);

  const learned = await steal(browser, context, site, tabs);
  console.log({ theft: learned });
  const isGood = outs.length === 0 && perNeed <= MOST_PER_NEED && learned.every((status) => status === "signedOut");
  console.log(isGood ? "ok" : "NOT GOOD");
  process.exitCode = isGood ? 0 : 1;
}

/** One tab: it works, and things happen to it. */
async function live(tab, { site, context, chance, count, outs, end }) {
  const session = await context.newCDPSession(tab);
  while (Date.now() < end) {
    await rest(500 + chance() * 2_500);
    const luck = chance();
    try {
      if (luck < 0.03) {
        count.loads += 1;
        await tab.reload();
      } else if (luck < 0.05) {
        count.kept += 1;
        await tab.goto(`${site.url}/plain`);
        await rest(chance() * 3_000);
        await tab.goBack();
        // Thrown away meanwhile, it was loaded anew.
        if (await tab.evaluate(() => performance.getEntriesByType("navigation")[0].type === "back_forward")) count.loads += 1;
      } else if (luck < 0.07) {
        count.frozen += 1;
        await session.send("Page.setWebLifecycleState", { state: "frozen" });
        await rest(chance() * 15_000);
        await session.send("Page.setWebLifecycleState", { state: "active" });
      } else if (luck < 0.08) {
        count.offline += 1;
        await context.setOffline(true);
        await rest(chance() * 5_000);
        await context.setOffline(false);
      }
      await tab.waitForFunction(() => document.title === "ready", null, { timeout: 30_000 });
      const said = await tab.evaluate(() => auth.fetch("/api/user/profile").then(({ status }) => status, (error) => error.code ?? "network"));
      count.calls += 1;
      if (said !== 200) count.failed += 1;
      const [status, told] = await tab.evaluate(() => [auth.snapshot().status, globalThis.told.filter(([kind]) => kind === "signedOut")]);
      if (said === 401 || status === "signedOut" || told.length) {
        outs.push({ at: new Date().toISOString(), said, status, told, report: await tab.evaluate(() => auth.diagnose()) });
      }
    } catch (fault) {
      // A page that could not be loaded without a network, or that went away under a question.
      count.failed += 1;
      if (!/ERR_|navigation|Timeout|context|closed/i.test(String(fault))) throw fault;
      await tab.goto(site.url).catch(() => {});
      count.loads += 1;
    }
  }
}

/** Somebody copies the cookies and uses them. Gives how it stands in the end: first the thief's page, then the owner's tabs. */
async function steal(browser, context, site, tabs) {
  const thief = await browser.newContext();
  await thief.addCookies(await context.cookies());
  const page = await openTab(thief, site);
  const all = [page, ...tabs];
  // The window of the refresh rule is 30 s; each tab goes on renewing by itself meanwhile.
  const deadline = Date.now() + 180_000;
  for (;;) {
    const found = await Promise.all(all.map((one) => one.evaluate(() => (document.title === "ready" ? auth.snapshot().status : "loading"))));
    if (found.every((status) => status === "signedOut") || Date.now() > deadline) return found;
    await page.evaluate(() => auth.refresh().catch(() => {}));
    await rest(2_000);
  }
}

async function openTab(context, site) {
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => document.title === "ready");
  return page;
}

function rest(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Chance that can be had again (mulberry32). */
function makeChance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
