/** SHELL. A path of /etc that something hides which the closure does not mount: that is told, and not what can be seen there. */
import { coveredItem } from "../../../reconcile/drift/drift.ts";
import type { EtcMounts } from "../../../reconcile/drift/mounts/covering-mounts.ts";
import { readFactsAt } from "../etc-facts.ts";
import type { EtcPath } from "./etc-path.ts";
import { managed, type Sighted } from "./view.ts";

export async function viewCovered(
  { etcDir, expected, below }: EtcPath,
  { covered, rights }: EtcMounts,
): Promise<Sighted | null> {
  const names = below === "" ? [] : below.split("/");
  const way = ["", ...names.map((_, index) => names.slice(0, index + 1).join("/"))];
  const mounted = way.find((path) => covered.includes(path));
  if (mounted === undefined) return null;
  const open = coveredItem(mounted, expected.entries.get(mounted), await readFactsAt(etcDir, mounted));
  return managed("mounts", {
    toplevel: expected.toplevel,
    entry: `${expected.tree}/fstab`,
    expected: open.expected,
    because: `something is mounted over ${open.path} that neither the closure's fstab nor a mount unit declares`,
    open,
    now: open.found,
    told: rights.get(mounted)?.why ?? null,
    sides: { kind: "none", reason: "what can be seen there is not what is below the mount" },
  });
}
