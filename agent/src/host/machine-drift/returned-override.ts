/**
 * SHELL. What is there again when systemd has read its units: a generator made it, which a container's host or somebody's
 * configuration brought. To take it away again would be a loop without end.
 */
import type { EntryFacts } from "@chimera/proto/drift";
import { markOf } from "../../reconcile/drift/fight.ts";
import type { PutBack } from "../drift/drift-response.ts";
import { openDirectory } from "../drift/etc-directory.ts";
import { factsOf } from "./find-overrides.ts";
import { generatorsNaming } from "./generators.ts";
import type { MachinePlaces } from "./machine-places.ts";
import type { OverridePlace } from "./remove-override.ts";

/** The mark of what came back at the last removal, by path: whoever writes without end writes it just then, too. */
export type Returns = Map<string, string>;

interface Removed {
  place: OverridePlace;
  path: string;
  /** The root as it is called on a machine. */
  folder: string;
}

const mostReturns = 4096;
const mostNamed = 400;

/** Null where it stays away, and where it may be somebody's writing without end: that is a fight, and has its budget. */
export async function returnedOverride(
  { place, path, folder }: Removed,
  { places, returns }: { places: MachinePlaces; returns: Returns },
): Promise<PutBack | null> {
  const found = await factsAgain(place);
  const before = returns.get(path);
  returns.delete(path);
  if (found === null) return null;
  const makers = await generatorsNaming(places, folder);
  if (makers.length > 0)
    return returned(found, `it may be made by the generator ${makers.join(" or ").slice(0, mostNamed)}`);
  const mark = markOf(found);
  if (before === mark)
    return returned(found, "no generator here names that folder: it is unknown who makes it");
  const [oldest] = returns.keys();
  if (returns.size >= mostReturns && oldest !== undefined) returns.delete(oldest);
  returns.set(path, mark);
  return null;
}

function returned(found: EntryFacts, maker: string): PutBack {
  return { kind: "returned", found, why: `it comes back at each daemon-reload: ${maker}` };
}

async function factsAgain(place: OverridePlace): Promise<EntryFacts | null> {
  const opened = openDirectory(place.root, place.folder);
  if (opened.kind === "failed") return null;
  using directory = opened.value;
  const found = await factsOf(directory, place.name);
  return found.kind === "failed" || found.value.type === "missing" ? null : found.value;
}
