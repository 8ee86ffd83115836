/** SHELL. One step of the store's watch: follow the active system, then hints, repairs that are due, and the shift. */
import type { StorePath } from "@chimera/proto/names";
import { keepOnly } from "../../reconcile/store-drift/scrub-book.ts";
import { criticalPaths, loadClosure, type StoreClosure } from "./store-closure.ts";
import { runShift } from "./store-shift.ts";
import { alarm, isBusy, type StoreState } from "./store-state.ts";

/** So long a new system may go unnoticed. */
const longestRestMs = 10_000;
const busyMs = 1_000;

/** How long nothing is to be done, in ms. */
export async function stepStore(state: StoreState): Promise<number> {
  const closure = await followSystem(state);
  if (closure === null) return longestRestMs;
  if (isBusy(state)) return busyMs;
  await lookAtNamed(state, closure);
  if (state.nextWalkMs <= performance.now()) await walk(state, closure);
  if (isBusy(state)) return busyMs;
  const untilWalk = state.nextWalkMs - performance.now();
  return Math.max(0, Math.min(longestRestMs, untilWalk, state.repair.nextMs() ?? longestRestMs));
}

async function followSystem(state: StoreState): Promise<StoreClosure | null> {
  const toplevel = state.mode === "ignore" ? null : state.toplevel();
  if (toplevel === state.closure?.toplevel) return state.closure;
  const closure = toplevel === null ? null : open(state, toplevel);
  state.closure = closure;
  state.hints.clear();
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

/** What hints named, and what could not be put back before. */
async function lookAtNamed(state: StoreState, closure: StoreClosure): Promise<void> {
  const named = new Set<string>([...state.hints, ...state.repair.due()]);
  state.hints.clear();
  for (const path of named) {
    const expected = closure.byPath.get(path);
    if (expected === undefined) state.repair.onClean(path);
    else if (!state.isStopped && !isBusy(state)) await state.look.at([expected], "named");
  }
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
    async goOn() {
      if (!isCurrent(state, closure)) return false;
      if (state.hints.size > 0) await lookAtNamed(state, closure);
      return isCurrent(state, closure);
    },
    onWalked() {
      state.lastWalkAt = new Date().toISOString();
    },
  });
  file.save();
  state.nextWalkMs = performance.now() + (isWhole ? walkMs : busyMs);
}

function isCurrent(state: StoreState, closure: StoreClosure): boolean {
  return !state.isStopped && !isBusy(state) && state.toplevel() === closure.toplevel;
}
