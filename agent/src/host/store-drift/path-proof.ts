/** SHELL. Whether store paths hold what the signed list says, asked by whoever is about to believe what lies in them. */
import { setImmediate } from "node:timers/promises";
import type { ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import { hashSteps } from "./hash-nar.ts";
import type { Steps } from "./steps.ts";
import { walkSteps } from "./walk-path.ts";

export interface PathProofOptions {
  /** Before /nix/store, in tests. */
  root?: string;
  /** The signed list of the system that is compared, by path; null where this node does not have it. */
  signed: () => ReadonlyMap<string, ExpectedPath> | null;
}

export interface Proof {
  /** False where there is no list to prove anything by. */
  isListed: boolean;
  /** What cannot be believed, by path, and why. */
  doubts: ReadonlyMap<string, string>;
  /** Something was proven only now: what was taken from these paths before may be from before they were right. */
  isFresh: boolean;
}

export interface PathProof {
  root: string;
  /** A path that is as it was when its bytes were right is not read again. */
  prove(paths: Iterable<string>): Promise<Proof>;
  /** Another text when anything in these paths changed; for where nothing can be proven. */
  markOf(paths: Iterable<string>): Promise<string>;
}

export function createPathProof({ root = "", signed }: PathProofOptions): PathProof {
  /** What a walk said when the bytes were right. */
  const proven = new Map<string, string>();
  return {
    root,
    async prove(paths) {
      const list = signed();
      const doubts = new Map<string, string>();
      if (list === null) return { isListed: false, doubts, isFresh: false };
      let isFresh = false;
      for (const path of paths) {
        const expected = list.get(path);
        const judged = expected === undefined ? strange : await proveOne({ root, proven }, expected);
        if (judged.doubt !== null) doubts.set(path, judged.doubt);
        isFresh ||= judged.isFresh;
      }
      return { isListed: true, doubts, isFresh };
    },
    async markOf(paths) {
      const marks: string[] = [];
      for (const path of paths) marks.push(`${path} ${await stampOf(`${root}${path}`, Infinity)}`);
      return marks.join("\n");
    },
  };
}

interface Judged {
  doubt: string | null;
  isFresh: boolean;
}

const strange: Judged = { doubt: "it is not in the signed list of this system", isFresh: false };

async function proveOne(
  { root, proven }: { root: string; proven: Map<string, string> },
  { path, narSha256, narSize }: ExpectedPath,
): Promise<Judged> {
  const place = `${root}${path}`;
  const before = await stampOf(place, narSize);
  if (proven.get(path) === before) return { doubt: null, isFresh: false };
  proven.delete(path);
  const hashed = await breathing(hashSteps(place, { narSize }));
  if (hashed.kind === "unreadable")
    return {
      doubt: `it cannot be read as the signed list says (${hashed.errno} at ${hashed.at})`,
      isFresh: false,
    };
  if (hashed.sha256 !== narSha256) return { doubt: "its bytes are not the signed ones", isFresh: false };
  if ((await stampOf(place, narSize)) !== before)
    return { doubt: "it changed while it was read", isFresh: false };
  proven.set(path, before);
  return { doubt: null, isFresh: true };
}

async function stampOf(place: string, narSize: number): Promise<string> {
  const facts = await breathing(walkSteps(place, { narSize, uid: 0 }));
  return facts.kind === "seen" ? `${facts.stamp} ${facts.narSize}` : facts.kind;
}

/** On the agent's own thread: others get their turn between the steps. */
async function breathing<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}
