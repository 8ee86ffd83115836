/** SHELL. One step of the store's slow lane: follow the active system, and the shift when it is due. */
import type { StorePath } from "@chimera/proto/names";
import { keepOnly } from "../../reconcile/store-drift/scrub-book.ts";
import { criticalPaths, loadClosure, type StoreClosure } from "./store-closure.ts";
import { runShift } from "./store-shift.ts";
import { alarm, busyMs, isBusy, isCurrent, longestRestMs, type StoreState } from "./store-state.ts";

/** How long nothing is to be done, in ms. */
export async function stepStore(state: StoreState): Promise<number> {
  const closure = await followSystem(state);
  if (closure === null) return longestRestMs;
  if (isBusy(state)) return busyMs;
  if (state.nextWalkMs <= performance.now()) await walk(state, closure);
  if (isBusy(state)) return busyMs;
  return Math.max(0, Math.min(longestRestMs, state.nextWalkMs - performance.now()));
}

async function followSystem(state: StoreState): Promise<StoreClosure | null> {
  const toplevel = state.mode === "ignore" ? null : state.toplevel();
  if (toplevel === state.closure?.toplevel) return state.closure;
  const closure = toplevel === null ? null : open(state, toplevel);
  state.closure = closure;
  state.hints.clear();
  state.findings.forgetAll();
  state.nextWalkMs = -Infinity;
  state.lastWalkAt = null;
  noteSwept(state);
  if (closure !== null) state.file.book = keepOnly(state.file.book, closure.paths);
  await state.watch.renew(closure === null ? [] : criticalPaths(closure, state));
  return closure;
}

function open(state: StoreState, toplevel: StorePath): StoreClosure | null {
  const list = state.listOf(toplevel);
  const closure = list === null ? null : loadClosure(state.stateDir, toplevel, list);
  if (closure !== null || state.unlisted === toplevel) return closure;
  state.unlisted = toplevel;
  if (list === null) state.log.info({ toplevel }, "store is not compared: no signed leaf names this system");
  else
    alarm(
      state,
      "closure-list-missing",
      `the store is not compared: the closure list ${list} is not on this node`,
    );
  return null;
}

/** What is no longer of the active system is nobody's difference. */
function noteSwept({ closure, responder }: StoreState): void {
  const paths = closure?.paths ?? [];
  const seen = new Set<string>(paths.map(({ path }) => path));
  responder.noteSwept({ at: new Date().toISOString(), managed: paths.length, seen });
}

async function walk(state: StoreState, closure: StoreClosure): Promise<void> {
  const { file, look, roundMs, walkMs } = state;
  const isWhole = await runShift({
    closure,
    look,
    roundMs,
    walkMs,
    book: () => file.book,
    setBook(book) {
      file.book = book;
    },
    goOn: () => isCurrent(state, closure),
    onWalked() {
      state.lastWalkAt = new Date().toISOString();
    },
  });
  file.save();
  state.nextWalkMs = performance.now() + (isWhole ? walkMs : busyMs);
}
