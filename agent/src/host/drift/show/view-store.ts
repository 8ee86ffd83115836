/** SHELL. A path of the store: whether the system that runs needs it, and what the signed closure list says of it. */
import { lstatSync } from "node:fs";
import type { DriftItem } from "@chimera/proto/drift";
import type { StorePath } from "@chimera/proto/names";
import { judgeWalk } from "../../../reconcile/store-drift/judge-path.ts";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import type { StoreClosure } from "../../store-drift/store-closure.ts";
import { factsNow } from "./read-side.ts";
import { managed, notManaged, type Viewer } from "./view.ts";

export interface StoreViewOptions {
  /** Before /nix/store, in tests. */
  root?: string;
  toplevel: () => StorePath | null;
  /** By the signed list; null where there is none. */
  closure: (toplevel: StorePath) => StoreClosure | null;
  /** What the last look found. */
  openItem: (path: string) => DriftItem | null;
}

const store = "/nix/store/";

export function createStoreViewer({ root = "", toplevel, closure, openItem }: StoreViewOptions): Viewer {
  return async (path) => {
    if (!path.startsWith(store)) return null;
    const running = toplevel();
    const list = running === null ? null : closure(running);
    if (running === null || list === null) {
      const reason =
        running === null
          ? "no system that was signed for this node is active"
          : "the signed closure list of the system that runs is not on this node";
      return notManaged("store", { kind: "unknown", reason });
    }
    const top = path.split("/").slice(0, 4).join("/");
    const expected = list.byPath.get(top);
    const now = await factsNow(`${root}${path}`);
    if (expected === undefined) {
      const because =
        "the system that runs does not need it: Nix keeps it for others, or until it is collected";
      return notManaged("store", { kind: "undeclared", because }, now);
    }
    const { narSha256: sha256, narSize: size } = expected;
    return managed("store", {
      toplevel: running,
      entry: `the signed closure list ${list.list}`,
      expected: { type: "nar", size, sha256 },
      because:
        top === path ? "the system that runs needs it" : `it is part of ${top}, which is compared as a whole`,
      open: openItem(top) ?? missing(root, expected),
      now,
      sides: {
        kind: "none",
        reason: "a store path is compared by the hash of all of it, and nothing of it is kept",
      },
    });
  };
}

/** The one thing that needs no reading. */
function missing(root: string, expected: ExpectedPath): DriftItem | null {
  if (lstatSync(`${root}${expected.path}`, { throwIfNoEntry: false }) !== undefined) return null;
  const verdict = judgeWalk(expected, { kind: "missing" }, null);
  return verdict.kind === "drifted" ? verdict.item : null;
}
