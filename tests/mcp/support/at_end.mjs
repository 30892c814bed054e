const endings = new WeakMap();

// Runs `action` when the test `t` ends, however it ends. What was set up last goes first, which
// `t.after` does the other way round.
export function atEnd(t, action) {
  if (!endings.has(t)) {
    const ending = new AsyncDisposableStack();
    t.after(() => ending.disposeAsync());
    endings.set(t, ending);
  }
  endings.get(t).defer(action);
}
