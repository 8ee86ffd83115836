/**
 * SHELL. One step of the store's fast lane: what hints named, second looks, and repairs that are tried again. It does not wait for the slow
 * lane, in which one path may take minutes.
 */
import type { StoreClosure } from "./store-closure.ts";
import { pathsAtOnce } from "./store-shift.ts";
import { busyMs, isBusy, isCurrent, longestRestMs, type StoreState } from "./store-state.ts";

/** How long nothing is to be done, in ms. */
export async function stepUrgent(state: StoreState): Promise<number> {
  const { closure, findings, hand } = state;
  if (closure === null) return longestRestMs;
  if (isBusy(state)) return busyMs;
  if (!isCurrent(state, closure)) {
    // What the slow lane reads for the system of before helps nobody.
    await hand.cancel();
    return busyMs;
  }
  await lookAtDue(state, closure);
  return Math.min(longestRestMs, findings.nextMs() ?? longestRestMs);
}

async function lookAtDue(state: StoreState, closure: StoreClosure): Promise<void> {
  const due = state.findings.due();
  const read = new Set<string>([
    ...state.hints,
    ...due.flatMap(({ path, isRead }) => (isRead ? [path] : [])),
  ]);
  state.hints.clear();
  for (const path of read) await lookNow(state, closure, { paths: [path], depth: "named" });
  const walked = due.map(({ path }) => path).filter((path) => !read.has(path));
  for (let i = 0; i < walked.length; i += pathsAtOnce)
    await lookNow(state, closure, { paths: walked.slice(i, i + pathsAtOnce), depth: "again" });
}

async function lookNow(
  state: StoreState,
  closure: StoreClosure,
  { paths, depth }: { paths: readonly string[]; depth: "named" | "again" },
): Promise<void> {
  const { byPath } = closure;
  for (const path of paths) if (!byPath.has(path)) state.findings.drop(path);
  if (!isCurrent(state, closure)) return;
  await state.look.at(
    paths.flatMap((path) => byPath.get(path) ?? []),
    depth,
  );
}
