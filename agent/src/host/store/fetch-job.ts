/** SHELL. The one background fetch: closure list, download, roots, comparison. The loop only looks at how it is doing. */
import { existsSync, readFileSync } from "node:fs";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError, errorChain, type ErrorCode } from "@chimera/proto/errors";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import { mebibytesUp, storeLack } from "@chimera/proto/system/space";
import { httpGet } from "../../http-get.ts";
import { compareClosure } from "../../reconcile/forward/compare-closure.ts";
import type { FetchFact } from "../../reconcile/decision.ts";
import { checkAgent, type RunningAgent } from "../agent/check-agent.ts";
import { freeBytes } from "../free-bytes.ts";
import { keepClosureList, maxListBytes, parseClosureList, readClosureList } from "./closure-lists.ts";
import { setRoot } from "./gc-roots.ts";
import { substitutersOf, writeNetrc } from "./fetch-source.ts";
import { fetchClosure, registeredClosure } from "./nix.ts";

export interface FetchJobOptions {
  controllerUrl: string;
  tokenFile: string;
  trustedPublicKeys: readonly PublicKeyText[];
  stateDir: string;
  runtimeDir: string;
  /** Whoever asks: the agent that the fetched system brings must be able to start too. */
  agent: RunningAgent;
  /** Bytes that a download leaves free in the store. */
  reserveBytes: number;
  /** Another folder in tests. */
  rootsDir?: string;
  /** Called when the fetch ended, either way. */
  onEnd: () => void;
}

export interface FetchJob {
  fact: () => FetchFact;
  /** Ends a fetch for another head; a running one for this head goes on. */
  start: (head: Digest, leaf: Leaf, keep: StorePath | null) => void;
  /** Roots what is in the store already, and looks whether it is whole. */
  startLocal: (order: Digest, toplevel: StorePath, keep: StorePath | null) => void;
}

export function createFetchJob(options: FetchJobOptions): FetchJob {
  let fact: FetchFact = { kind: "idle" };
  let abort = new AbortController();
  const begin = (head: Digest, totalBytes: number, work: (job: Job) => Promise<void>) => {
    if (fact.kind === "running" && fact.head === head) return;
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const report = (next: FetchFact) => {
      // A fetch that was superseded has nothing more to say.
      if (!signal.aborted) fact = next;
    };
    fact = { kind: "running", head, doneBytes: 0, totalBytes };
    work({ head, signal, report })
      .then(
        () => report({ kind: "done", head }),
        (error: unknown) => report({ kind: "failed", head, code: codeOf(error), message: errorChain(error) }),
      )
      .finally(options.onEnd)
      .catch(() => undefined);
  };
  return {
    fact: () => fact,
    start: (head, leaf, keep) =>
      begin(head, leaf.closureSize, (job) => fetchAndCompare({ ...job, leaf, keep }, options)),
    startLocal: (order, toplevel, keep) => begin(order, 0, () => rootLocal({ toplevel, keep }, options)),
  };
}

interface Job {
  head: Digest;
  signal: AbortSignal;
  report: (fact: FetchFact) => void;
}

interface Task extends Job {
  leaf: Leaf;
  keep: StorePath | null;
}

/** Throws closure-unavailable for a closure that is not whole in this store, and what `checkAgent` throws. */
async function rootLocal(
  { toplevel, keep }: { toplevel: StorePath; keep: StorePath | null },
  { rootsDir, agent }: FetchJobOptions,
): Promise<void> {
  setRoot("wanted", toplevel, rootsDir);
  if (keep !== null) setRoot("previous", keep, rootsDir);
  await registeredClosure(toplevel);
  await checkAgent(toplevel, agent);
}

async function fetchAndCompare(
  { head, leaf, keep, signal, report }: Task,
  options: FetchJobOptions,
): Promise<void> {
  const token = readFileSync(options.tokenFile, "utf8").trim();
  const entries = await closureListOf(leaf, options, { token, signal });
  // The roots belong to the newest order by then.
  signal.throwIfAborted();
  setRoot("wanted", leaf.toplevel, options.rootsDir);
  if (keep !== null) setRoot("previous", keep, options.rootsDir);
  const totalBytes = missingBytes(entries);
  requireSpace(totalBytes, options.reserveBytes);
  report({ kind: "running", head, doneBytes: 0, totalBytes });
  const substituters = substitutersOf(leaf, options.controllerUrl);
  const netrcFile = writeNetrc(options, token);
  await fetchClosure(
    leaf.toplevel,
    { substituters, trustedPublicKeys: options.trustedPublicKeys, netrcFile },
    { signal, onBytes: (doneBytes) => report({ kind: "running", head, doneBytes, totalBytes }) },
  );
  const difference = compareClosure(entries, await registeredClosure(leaf.toplevel));
  if (difference !== null) throw new ChimeraError("closure-mismatch", difference);
  await checkAgent(leaf.toplevel, options.agent);
}

/** Refuses rather than fills. Throws space-missing with the MiB that are missing; it is tried again. */
function requireSpace(bytes: number, reserveBytes: number): void {
  const free = freeBytes("/nix/store");
  // What is not known is left to Nix.
  if (free === null || bytes === 0) return;
  const lack = storeLack(bytes, { freeBytes: free, reserveBytes });
  if (lack > 0)
    throw new ChimeraError("space-missing", `/nix/store lacks ${mebibytesUp(lack)} for the fetch`);
}

/** One that lies here needs no controller: whoever brought it, its digest is the signed one. */
async function closureListOf(
  leaf: Leaf,
  { stateDir, controllerUrl }: FetchJobOptions,
  access: { token: string; signal: AbortSignal },
): Promise<ClosureEntry[]> {
  const kept = readClosureList(stateDir, leaf.closure);
  if (kept !== null) return kept;
  const entries = await fetchClosureList(leaf, { controllerUrl, ...access });
  try {
    keepClosureList(stateDir, leaf.closure, entries);
  } catch (error) {
    // It would only have spared the next fetch of it.
    if (!(error instanceof ChimeraError)) throw error;
  }
  return entries;
}

/**
 * The list under the digest that the signed leaf names. Throws closure-unavailable, also for another list: whoever answered so
 * now may be gone at the next try.
 */
async function fetchClosureList(
  leaf: Leaf,
  { controllerUrl, token, signal }: { controllerUrl: string; token: string; signal: AbortSignal },
): Promise<ClosureEntry[]> {
  const url = `${controllerUrl}/cache/closure/${leaf.closure}`;
  const options = { token, maxBytes: maxListBytes, timeoutMs: 120_000, signal };
  const { status, body } = await httpGet(url, options);
  if (status !== 200) {
    throw new ChimeraError("closure-unavailable", `the controller answered ${status} for the closure list`);
  }
  const entries = parseClosureList(body.toString("utf8"), leaf.closure);
  if (entries !== null) return entries;
  throw new ChimeraError("closure-unavailable", "the closure list that was given out is not the signed one");
}

function missingBytes(entries: readonly ClosureEntry[]): number {
  return entries.reduce((sum, { path, narSize }) => (existsSync(path) ? sum : sum + narSize), 0);
}

/** What Nix or the network did is worth another try; only a proven difference is final. */
function codeOf(error: unknown): ErrorCode {
  return error instanceof ChimeraError ? error.code : "closure-unavailable";
}
