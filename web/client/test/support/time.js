// Time of a world of its own: nothing in it happens by itself.

/** Two clocks, as a device has them, and the true time beside them. */
export function makeTime() {
  let timers = [];
  let counter = 0;
  const time = {
    mono: 5_000,
    wall: 1_800_000_000_000,
    /** What the server's clock says. */
    true: 1_800_000_000_000,

    set(act, ms, owner) {
      const timer = { due: time.mono + Math.max(0, ms || 0), order: (counter += 1), act, owner };
      timers.push(timer);
      return timer;
    },
    clear(timer) {
      timers = timers.filter((other) => other !== timer);
    },
    /** How many timers `owner` has. */
    count: (owner) => timers.filter((timer) => timer.owner === owner).length,

    /** Lets everything happen that needs no time. */
    async flush() {
      for (let quiet = 0; quiet < 12; ) {
        await new Promise((resolve) => setImmediate(resolve));
        quiet = runNext(time.mono) ? 0 : quiet + 1;
      }
    },
    /** Lets time go by. */
    async advance(ms) {
      const end = time.mono + ms;
      await time.flush();
      for (let next = nextDue(end); next !== undefined; next = nextDue(end)) {
        pass(next - time.mono);
        await time.flush();
      }
      pass(end - time.mono);
      await time.flush();
    },
    /** The lid is closed for so long: the time of day goes on, everything else stands still. */
    async sleep(ms) {
      time.wall += ms;
      time.true += ms;
      await time.flush();
    },
    /** Waits for `promise` as long as needed, at most `most`; gives its outcome and how long it took. */
    async until(promise, most = 120_000) {
      const begun = time.mono;
      let outcome;
      promise.then((value) => (outcome = { value }), (error) => (outcome = { error }));
      await time.flush();
      while (!outcome) {
        const next = nextDue(begun + most);
        if (next === undefined) return { isHanging: true, ms: time.mono - begun };
        pass(next - time.mono);
        await time.flush();
      }
      return { ...outcome, ms: time.mono - begun };
    },
  };

  function pass(ms) {
    time.mono += ms;
    time.wall += ms;
    time.true += ms;
  }
  const ready = () => timers.filter(({ owner }) => !owner?.isFrozen).sort((one, other) => one.due - other.due || one.order - other.order);
  function nextDue(end) {
    const [next] = ready();
    return next && next.due <= end ? Math.max(next.due, time.mono) : undefined;
  }
  function runNext(now) {
    const [next] = ready();
    if (!next || next.due > now) return false;
    time.clear(next);
    next.act();
    return true;
  }
  return time;
}
