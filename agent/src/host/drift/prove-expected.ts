/** SHELL. What /etc is to be, taken only from store paths that hold what was signed: else the agent would spread what somebody wrote there. */
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import type { Outcome } from "../errno-outcome.ts";
import type { PathProof, Proof } from "../store-drift/path-proof.ts";
import { loadExpectedEtc, type ExpectedEtc, type ExpectedRequest } from "./etc-expected.ts";

export type ProvenEtc =
  | Outcome<ExpectedEtc>
  /** Not even which entries there are can be believed. */
  | { kind: "doubted"; why: string };

/** So often a path is proven anew while it is read; then somebody changes it all the time. */
const mostRounds = 4;

/** `proof` is null in tests of what is done with the expectations. */
export async function loadProvenEtc(
  request: Omit<ExpectedRequest, "root">,
  proof: PathProof | null,
): Promise<ProvenEtc> {
  if (proof === null) return loadExpectedEtc(request);
  const { root } = proof;
  const known = { ...request, root, previous: await stillBelieved(request.previous, proof) };
  for (let round = 0; round < mostRounds; round += 1) {
    const read = await loadExpectedEtc(known);
    if (read.kind === "failed" || read.value === known.previous) return read;
    const paths = pathsOf(read.value);
    const proved = await proof.prove(paths);
    if (!proved.isListed) return { kind: "done", value: { ...read.value, mark: await proof.markOf(paths) } };
    // What was read before a path was proven may be from before it was right.
    if (!proved.isFresh) return believe(read.value, proved);
  }
  return { kind: "doubted", why: "the paths of its closure change all the time" };
}

/** What was read without a proof holds as long as nothing in its paths changes, and no list comes. */
async function stillBelieved(previous: ExpectedEtc | null, proof: PathProof): Promise<ExpectedEtc | null> {
  if (previous === null || previous.mark === null) return previous;
  const paths = pathsOf(previous);
  const { isListed } = await proof.prove(paths);
  return !isListed && (await proof.markOf(paths)) === previous.mark ? previous : null;
}

function pathsOf({ ways }: ExpectedEtc): Set<string> {
  return new Set([...ways.values()].flatMap((way) => [...way]));
}

function believe(expected: ExpectedEtc, { doubts }: Proof): ProvenEtc {
  const { entries, ways, undecided } = expected;
  const ofTree = doubtOf(ways.get(""), doubts);
  if (ofTree !== null) return { kind: "doubted", why: ofTree };
  const doubted = [...entries.keys()].flatMap((path) => {
    const why = path === "" ? null : doubtOf(ways.get(path), doubts);
    return why === null ? [] : [{ path, why }];
  });
  if (doubted.length === 0) return { kind: "done", value: expected };
  const left = new Map<string, ExpectedEntry>(entries);
  for (const { path } of doubted) left.delete(path);
  const unproven = doubted.map(({ path, why }) => `/etc/${path}: ${why}`);
  const paths = doubted.map(({ path }) => path);
  return {
    kind: "done",
    value: { ...expected, entries: left, undecided: new Set([...undecided, ...paths]), unproven },
  };
}

function doubtOf(way: ReadonlySet<string> | undefined, doubts: ReadonlyMap<string, string>): string | null {
  for (const path of way ?? []) {
    const why = doubts.get(path);
    if (why !== undefined) return `${path}: ${why}`;
  }
  return null;
}
