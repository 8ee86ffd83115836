/** SHELL. A path that names a system, or keeps one from being collected: which one it must name, and who sees to it. */
import { existsSync } from "node:fs";
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import type { ForeignSight, PointerPaths } from "../../../reconcile/machine-drift/foreign-system.ts";
import { activationLinks } from "../../../reconcile/machine-drift/activation-links.ts";
import { readSmallFile } from "../../read-small-file.ts";
import { openNow, whileOurs, type MachineSight } from "./machine-sight.ts";
import { factsNow } from "./read-side.ts";
import { managed, notManaged, type Sighted, type Viewer } from "./view.ts";

export interface PointersViewOptions {
  paths: () => PointerPaths;
  /** The settled system, whatever runs; null while there is none. */
  toplevel: () => string | null;
  /** As the loop judges what is there now; null while a change of ours is under way. */
  foreign: () => ForeignSight | null;
  /** Nothing of ours moves the agent's own roots. */
  isResting: () => boolean;
}

export function createPointersViewer(sight: MachineSight, options: PointersViewOptions): Viewer {
  const { nixVar } = sight.places;
  return async (path) => {
    const { current, profile, bootDefault } = options.paths();
    if ([current, profile, bootDefault].includes(path)) return viewPointer(sight, options, path);
    const root = rootsOf(sight, options).find((one) => one.path === path);
    if (root !== undefined) return viewRoot(sight, root);
    if (path === `${sight.places.root}/bin/sh` || path === `${sight.places.root}/usr/bin/env`)
      return viewActivated(sight, path);
    if (!path.startsWith(`${nixVar}/`)) return null;
    const because =
      "Nix keeps it for others: only the profile, the roots of the system and the agent's own are compared";
    return notManaged("pointers", { kind: "undeclared", because }, await factsNow(path));
  };
}

type Pointer = keyof PointerPaths;

const meaning: Readonly<Record<Pointer, string>> = {
  current: "it names the system that runs",
  profile: "it names the newest system, which the boot loader is given",
  bootDefault: "it names the system that the next boot starts",
};

async function viewPointer(
  sight: MachineSight,
  { paths, toplevel, foreign }: PointersViewOptions,
  path: string,
): Promise<Sighted> {
  const now = await factsNow(path);
  const [ours, seen] = [toplevel(), foreign()];
  if (ours === null) return unknown("no system that was signed for this node is active", now);
  if (seen === null) return unknown("a change of ours is under way", now);
  const pointer = pointerAt(paths(), path);
  const open = seen.items.find((item) => item.path === path) ?? null;
  if (seen.judged.includes(path)) return viewJudged(ours, pointer, { open, now, why: seen.why });
  const broken = pointer === "current" ? await openNow(sight, path, "pointers") : null;
  if (broken === null || broken.open === null) return unknown(unjudged[pointer], now);
  const because = `${meaning.current}, and names none: the link is made again`;
  return managed("pointers", { ...system(ours), because, open: broken.open, now });
}

function pointerAt({ profile, bootDefault }: PointerPaths, path: string): Pointer {
  if (path === profile) return "profile";
  return path === bootDefault ? "bootDefault" : "current";
}

interface Judged {
  open: DriftItem | null;
  now: EntryFacts;
  why: string | null;
}

function viewJudged(ours: string, pointer: Pointer, { open, now, why }: Judged): Sighted {
  const because = `${meaning[pointer]}: the accepted one, or a variant of it; from any other the node goes back to it`;
  const usual = system(ours);
  return managed("pointers", {
    ...usual,
    expected: open?.expected ?? usual.expected,
    because,
    open,
    now: open?.found ?? now,
    told: open === null ? null : why,
    isRuleless: true,
  });
}

function system(ours: string) {
  return { toplevel: ours, entry: ours, expected: { type: "symlink", target: ours } } as const;
}

function unknown(reason: string, now: EntryFacts): Sighted {
  return notManaged("pointers", { kind: "unknown", reason }, now);
}

const uncommitted = "nothing that runs is committed yet, or nobody can say which system it names";
const unjudged: Readonly<Record<Pointer, string>> = {
  current: "it names no system, and nothing else says which one runs",
  profile: uncommitted,
  bootDefault: uncommitted,
};

interface Root {
  path: string;
  because: string;
  /** Why it is not compared now; null where it is. */
  unknown: string | null;
}

function rootsOf({ places }: MachineSight, { isResting }: PointersViewOptions): Root[] {
  const { run, nixVar } = places;
  const isContainer = existsSync(`${run}/systemd/container`);
  const kept = "it keeps a system from being collected as garbage";
  const own = isResting() ? null : "the agent itself moves it while an order is carried out";
  return [
    {
      path: `${run}/booted-system`,
      because: "it names the system that the kernel was started with, by its command line",
      unknown: isContainer ? "a container does not know with which system it was started" : null,
    },
    ...["current-system", "booted-system"].map((name) => ({
      path: `${nixVar}/gcroots/${name}`,
      because: `${kept}: /run/${name}`,
      unknown: null,
    })),
    ...["wanted", "previous"].map((name) => ({
      path: `${nixVar}/gcroots/chimera/${name}`,
      because: `${kept}, and only the agent moves it`,
      unknown: own,
    })),
  ];
}

/** What the activation script of the running system links outside /etc. */
async function viewActivated(sight: MachineSight, path: string): Promise<Sighted> {
  const now = await factsNow(path);
  return whileOurs(sight, "pointers", async (toplevel) => {
    const entry = `${toplevel}/activate`;
    const script = (await readSmallFile(entry, scriptBytes)) ?? "";
    const named = path.slice(sight.places.root.length);
    const link = activationLinks(script).find((one) => one.path === named);
    const undeclared = "the activation script of the system makes no such link, or not as NixOS does";
    if (link === undefined) return notManaged("pointers", { kind: "undeclared", because: undeclared }, now);
    const { open } = await openNow(sight, path, "pointers");
    const expected = { type: "symlink" as const, target: link.target };
    return managed("pointers", { toplevel, entry, expected, because: activated, open, now });
  });
}

const activated = "activation links it from the closure, and scripts all over the machine begin with it";
const scriptBytes = 4 * 1024 * 1024;

async function viewRoot(sight: MachineSight, { path, because, unknown: reason }: Root): Promise<Sighted> {
  const now = await factsNow(path);
  if (reason !== null) return unknown(reason, now);
  return whileOurs(sight, "pointers", async (toplevel) => {
    const { open } = await openNow(sight, path, "pointers");
    const expected: EntryFacts = open?.expected ?? now;
    if (expected.type !== "missing")
      return managed("pointers", { toplevel, entry: toplevel, expected, because, open, now });
    const optional =
      "nothing of the system makes it: it may be missing, and only another target would differ";
    return notManaged("pointers", { kind: "undeclared", because: optional }, now);
  });
}
