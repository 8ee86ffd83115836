/** SHELL. Puts an entry back that has flags or attributes, or that flags protect from being put back. */
import { etcPath, type ExpectedEntry, type OwnerIds } from "../../../reconcile/drift/etc-entry.ts";
import { openDirectory } from "../etc-directory.ts";
import { inPlace, revertEntry, type RevertContext, type RevertOutcome } from "../revert-entry.ts";
import { clearAttributes, clearFlags } from "./clear-attributes.ts";

export interface AttributeRevert {
  entry: ExpectedEntry;
  ids: OwnerIds;
  attributes: readonly string[];
}

/** A file is written afresh: a new one has neither. A directory stays, and what was put on it is taken off. */
export async function revertAttributes(
  context: RevertContext,
  { entry, ids, attributes }: AttributeRevert,
): Promise<RevertOutcome> {
  if (entry.kind !== "directory")
    return revertStubborn(context, entry.path, () => revertEntry(context, entry, ids));
  return inPlace(context, entry.path, async ({ directory, name }) => {
    if (!context.isCurrent()) return { kind: "abandoned" };
    const problem = await clearAttributes(directory, name === "" ? "." : name, attributes);
    return problem === null
      ? { kind: "reverted", evidence: null, notes: [] }
      : { kind: "failed", errno: "EPERM", code: "not-permitted", message: problem };
  });
}

/** Root is refused (EPERM) where the entry or its directory is immutable: then the flag goes, and that is told. */
export async function revertStubborn(
  context: RevertContext,
  path: string,
  revert: () => Promise<RevertOutcome>,
): Promise<RevertOutcome> {
  const outcome = await revert();
  if (outcome.kind !== "failed" || outcome.errno !== "EPERM" || !context.isCurrent()) return outcome;
  const notes = await unlock(context, path);
  if (notes.length === 0) return outcome;
  const again = await revert();
  return again.kind === "reverted" ? { ...again, notes: [...again.notes, ...notes] } : again;
}

async function unlock({ etcDir, isWritable }: RevertContext, path: string): Promise<string[]> {
  const slash = path.lastIndexOf("/");
  const parent = slash < 0 ? "" : path.slice(0, slash);
  const opened = openDirectory(etcDir, parent);
  if (opened.kind === "failed") return [];
  using directory = opened.value;
  if (!isWritable(directory)) return [];
  const cleared = await clearFlags(directory, [".", path.slice(slash + 1)]);
  return cleared.map(
    (name) => `${etcPath(name === "." ? parent : path)} was immutable or append-only, which was taken off`,
  );
}
