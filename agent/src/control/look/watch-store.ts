/**
 * SHELL. Whether somebody keeps this node from news: the controller's word (fresh) is too old, or names a head that
 * the store does not show. An alarm once an episode, which ends by itself; never a revert, never a refusal of panic.
 */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import { freshEveryMs, type Fresh } from "@chimera/proto/signed/fresh";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { comparePlace, showPlace, type PlaceLike } from "@chimera/proto/signed/place";
import type { Problem } from "../trust/refusal-book.ts";

export interface StoreWatch {
  /** By the clock alone, also while nobody answers. */
  checkFreshness: () => void;
  /** After a look: what the store shows as its head, read after `fresh`. */
  checkHead: (shown: { place: PlaceLike; id: Digest } | null) => void;
  problem: () => Problem | null;
}

export interface StoreWatchOptions {
  state: () => TrustState | null;
  keySet: () => KeySet | null;
  freshSeconds: number;
  report: (event: NodeEventBody) => void;
  onNews: () => void;
  log: Log;
}

/** How long a node that has no word yet, as after its start or a change of keys, waits for the first. */
const firstWordMs = freshEveryMs + 60_000;
/** A word from the future by more than this is the fault of this machine's clock. */
const clockSlackMs = 5 * 60_000;

type Episode = "freeze-suspected" | "head-withheld" | "clock-behind";

interface Watch {
  options: StoreWatchOptions;
  episodes: Map<Episode, Problem>;
  /** Monotonic ms. */
  wordless: { keys: TrustState["keys"] | null; since: number };
  word: { at: string | null; heard: number };
}

export function createStoreWatch(options: StoreWatchOptions): StoreWatch {
  const begun = performance.now();
  const fresh = options.state()?.fresh ?? null;
  const watch: Watch = {
    options,
    episodes: new Map(),
    wordless: { keys: options.state()?.keys ?? null, since: begun },
    // One that was kept on disk was heard some time ago, nobody knows when.
    word: { at: fresh?.at ?? null, heard: Number.NEGATIVE_INFINITY },
  };
  return {
    checkFreshness: () => checkFreshness(watch),
    checkHead: (shown) => checkHead(watch, shown),
    problem: () => [...watch.episodes.values()].toSorted((a, b) => (a.at > b.at ? -1 : 1))[0] ?? null,
  };
}

function checkFreshness(watch: Watch): void {
  const { options } = watch;
  const state = options.state();
  if (state === null || options.keySet()?.roles.fresh === undefined) {
    end(watch, "freeze-suspected");
    end(watch, "clock-behind");
    return;
  }
  noteWord(watch, state);
  const silence = silenceMessage(watch, state.fresh);
  if (silence === null) end(watch, "freeze-suspected");
  else raise(watch, "freeze-suspected", silence);
  const behind = state.fresh === null ? 0 : Date.parse(state.fresh.at) - Date.now();
  if (behind <= clockSlackMs) end(watch, "clock-behind");
  else raise(watch, "clock-behind", `this machine's clock is ${minutes(behind)} behind the controller's`);
}

function noteWord(watch: Watch, { keys, fresh }: TrustState): void {
  const now = performance.now();
  if (fresh !== null && fresh.at !== watch.word.at) watch.word = { at: fresh.at, heard: now };
  if (keys !== watch.wordless.keys || fresh !== null) watch.wordless = { keys, since: now };
}

/** Null while the newest word is young enough. */
function silenceMessage({ options, wordless, word }: Watch, fresh: Fresh | null): string | null {
  if (fresh === null) {
    return performance.now() - wordless.since > firstWordMs
      ? "no word of the controller's online key was ever heard: this node is kept from news, or no controller has the key"
      : null;
  }
  const age = Date.now() - Date.parse(fresh.at);
  if (age <= options.freshSeconds * 1000) return null;
  const isNew = performance.now() - word.heard <= options.freshSeconds * 1000;
  return isNew
    ? `the newest word of the controller's online key is of ${fresh.at}, and came just now: this machine's clock is ${minutes(age)} ahead, or old words are repeated`
    : `no word of the controller's online key since ${fresh.at}, ${minutes(age)} ago by this machine's clock: this node is kept from news`;
}

type ShownHead = { place: PlaceLike; id: Digest } | null;

function checkHead(watch: Watch, shown: ShownHead): void {
  const state = watch.options.state();
  const named = state?.fresh?.head ?? null;
  if (named === null || isAtLeast(state?.head ?? null, named) || isShown(shown, named)) {
    end(watch, "head-withheld");
    return;
  }
  const found = shown === null ? "no valid head" : `head ${showPlace(shown.place)}`;
  const message = `the controller's online key names head ${showPlace(named)} (${named.id}), the store shows ${found}`;
  raise(watch, "head-withheld", message);
}

function isShown(shown: ShownHead, named: PlaceLike & { id: Digest }): boolean {
  if (shown === null) return false;
  const order = comparePlace(shown.place, named);
  return order > 0 || (order === 0 && shown.id === named.id);
}

function isAtLeast(accepted: TrustState["head"], named: PlaceLike): boolean {
  return accepted !== null && comparePlace(accepted.head, named) >= 0;
}

function raise({ episodes, options }: Watch, episode: Episode, message: string): void {
  if (episodes.has(episode)) return;
  const code: ErrorCode = episode === "clock-behind" ? "freeze-suspected" : episode;
  episodes.set(episode, { code, message, at: new Date().toISOString() });
  options.log.error({ code: episode, reason: message }, "alarm was raised");
  options.report({ type: "alarm", data: { code: episode, message } });
  options.onNews();
}

function end({ episodes, options }: Watch, episode: Episode): void {
  if (!episodes.delete(episode)) return;
  options.log.info({ code: episode }, "alarm ended");
  options.onNews();
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`;
}
