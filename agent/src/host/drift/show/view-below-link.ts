/** SHELL. A path of /etc below a declared link, as all units are below /etc/systemd/system: what is there is the store's. */
import type { EntryFacts } from "@chimera/proto/drift";
import { realpathSync } from "node:fs";
import { attempt } from "../../errno-outcome.ts";
import { checkEntry } from "../check-entry.ts";
import { readFactsAt } from "../etc-facts.ts";
import { managed, notManaged, type Sighted } from "./view.ts";
import type { EtcPath } from "./etc-path.ts";

export async function viewBelowLink({ etcDir, expected, below }: EtcPath): Promise<Sighted | null> {
  const names = below.split("/");
  const above = names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
  const link = above.map((path) => expected.entries.get(path)).find((entry) => entry?.kind === "link");
  if (link === undefined) return null;
  const declared = await factsInStore(`${expected.tree}/${below}`);
  const way = `/etc/${link.path} is a link to the store`;
  if (declared.type === "missing")
    return notManaged("etc", {
      kind: "undeclared",
      because: `${way}, and there is nothing of that name there`,
    });
  const checked = await checkEntry(etcDir, link);
  const open = checked.kind === "drifted" ? checked.item : null;
  return managed("etc", {
    toplevel: expected.toplevel,
    entry: `${expected.tree}/${below}`,
    expected: declared,
    because: `${way}: what it leads to is compared there, as a store path`,
    open,
    now: open === null ? declared : null,
    sides: {
      kind: "none",
      reason: `it is a file of the store: ask for /etc/${link.path}, or for its store path`,
    },
  });
}

/** Whatever links lead to it: in the store they are the closure's own. */
async function factsInStore(path: string): Promise<EntryFacts> {
  const real = attempt(() => realpathSync(path));
  return real.kind === "failed" ? { type: "missing" } : readFactsAt("/", real.value.slice(1), 0);
}
