/** SHELL. A path below /run/wrappers: what the closure's script makes there, and that nothing else may be beside it. */
import { readlinkSync } from "node:fs";
import type { EntryFacts } from "@chimera/proto/drift";
import { expectedFacts, octal } from "../../../reconcile/drift/etc-entry.ts";
import { attempt } from "../../errno-outcome.ts";
import {
  readExpectedWrappers,
  wrapperUnit,
  type KnownWrappers,
  type Wrapper,
} from "../../machine-drift/expected-wrappers.ts";
import { resolveOwner } from "../etc-owners.ts";
import { readBytes } from "../evidence/read-bytes.ts";
import { openNow, whileOurs, type MachineSight } from "./machine-sight.ts";
import { factsNow, readLive } from "./read-side.ts";
import { viewFound } from "./view-units.ts";
import { managed, notManaged, type Side, type Sighted, type Viewer } from "./view.ts";

export function createWrappersViewer(sight: MachineSight, store: string): Viewer {
  const folder = `${sight.places.run}/wrappers`;
  return async (path) => {
    if (path !== folder && !path.startsWith(`${folder}/`)) return null;
    const below = path.slice(folder.length + 1);
    return whileOurs(sight, "wrappers", async (toplevel) => {
      const expected = await readExpectedWrappers({ toplevel, store, parent: folder });
      switch (expected.kind) {
        case "none":
          return undeclared("the closure makes no wrappers");
        case "unseen":
          return notManaged("wrappers", {
            kind: "unknown",
            reason: `no wrapper is compared: ${expected.why}`,
          });
        case "known":
          // What lies beside the folder of wrappers bears its own path.
          return (
            (below.startsWith("bin") ? null : await viewFound(sight, path)) ??
            viewBelow(sight, { folder, below }, expected)
          );
      }
    });
  };
}

/** `bin` is a link to a folder of the script's own; both names of a wrapper are its. */
function viewBelow(
  sight: MachineSight,
  { folder, below }: { folder: string; below: string },
  known: KnownWrappers,
): Promise<Sighted> | Sighted {
  const place = { toplevel: known.toplevel, entry: entryOf(known), folder };
  if (below === "bin") return viewLink(sight, place);
  const name = /^(?:bin|wrappers\.[^/]+)\/([^/]+)$/.exec(below)?.[1];
  if (name === undefined)
    return undeclared("only the wrappers themselves and the link to their folder are compared");
  if (known.unjudged.has(name))
    return undeclared("what the script makes of it is not understood, so it is left alone");
  const wrapper = known.wrappers.get(name);
  return wrapper === undefined
    ? viewStranger(sight, { ...place, name })
    : viewWrapper(sight, { ...place, wrapper });
}

/** An older NixOS makes them in its activation. */
function entryOf({ toplevel, hasUnit }: KnownWrappers): string {
  return hasUnit ? `${toplevel}/etc/systemd/system/${wrapperUnit}` : `${toplevel}/activate`;
}

function undeclared(because: string): Sighted {
  return notManaged("wrappers", { kind: "undeclared", because });
}

interface Place {
  toplevel: string;
  entry: string;
  folder: string;
}

async function viewLink(sight: MachineSight, { toplevel, entry, folder }: Place): Promise<Sighted> {
  const path = `${folder}/bin`;
  return managed("wrappers", {
    toplevel,
    entry,
    expected: { type: "symlink", target: `${folder}/wrappers.*` },
    because: "the closure's script makes it lead to the folder of wrappers that it made last",
    ...(await openNow(sight, path, "wrappers")),
    now: await factsNow(path),
  });
}

async function viewStranger(
  sight: MachineSight,
  { toplevel, entry, folder, name }: Place & { name: string },
): Promise<Sighted> {
  const live = livePath(folder, name);
  return managed("wrappers", {
    toplevel,
    entry,
    expected: { type: "missing" },
    because: "it is first in PATH, and nothing but the closure's wrappers may be there",
    ...(await openNow(sight, `${folder}/bin/${name}`, "wrappers")),
    now: await factsNow(live),
    sides: {
      kind: "files",
      expected: () => Promise.resolve(null),
      found: (maxBytes) => readLive("/", live.slice(1), maxBytes),
    },
  });
}

async function viewWrapper(
  sight: MachineSight,
  { toplevel, entry, folder, wrapper }: Place & { wrapper: Wrapper },
): Promise<Sighted> {
  const name = wrapper.path;
  const live = livePath(folder, name);
  const { capabilities } = wrapper;
  const facts = expectedFacts(wrapper, await resolveOwner(sight.places.etc, wrapper));
  const expected: EntryFacts = capabilities === null ? facts : { ...facts, text: capabilities };
  return managed("wrappers", {
    toplevel,
    entry,
    expected,
    because: `the script of that copies ${wrapper.source} to it`,
    ...(await openNow(sight, `${folder}/bin/${name}`, "wrappers")),
    now: await factsNow(live),
    sides: {
      kind: "files",
      expected: (maxBytes) => readSource(wrapper, maxBytes),
      found: (maxBytes) => readLive("/", live.slice(1), maxBytes),
    },
  });
}

/** The link that leads to the folder is the script's own, and part of what is compared. */
function livePath(folder: string, name: string): string {
  const link = attempt(() => readlinkSync(`${folder}/bin`));
  return `${link.kind === "done" ? link.value : `${folder}/bin`}/${name}`;
}

/** By the mode that the script gives it, though the store shows its bytes to everybody. */
async function readSource({ source, mode }: Wrapper, maxBytes: number): Promise<Side | null> {
  const read = await readBytes(source, maxBytes);
  if (read === null) return null;
  const declared = mode ?? read.stats.mode;
  const isOpen = (declared & 0o004) !== 0;
  return { bytes: read.bytes, size: read.stats.size, mode: octal(declared), isOpen, isAlone: true };
}
