/** SHELL. A path in systemd's own folders: which unit of the closure it overrides, or why it is left alone. */
import { realpathSync } from "node:fs";
import { sayLeft } from "../../../reconcile/drift/explain/left-alone.ts";
import { overriddenUnit } from "../../../reconcile/drift/explain/overridden-unit.ts";
import { allowedDropIn } from "../../../reconcile/machine-drift/unit-allow-list.ts";
import { unitsJudgedIn } from "../../../reconcile/machine-drift/unit-overrides.ts";
import { attempt } from "../../errno-outcome.ts";
import { createDeclaredUnits, type DeclaredUnits } from "../../machine-drift/declared-units.ts";
import { hookFolders } from "../../machine-drift/manager-hooks-source.ts";
import { canonicalRoot, overrideRoots } from "../../machine-drift/overrides-source.ts";
import { readSmallFile } from "../../read-small-file.ts";
import { openNow, toldOf, whileOurs, type MachineSight } from "./machine-sight.ts";
import { factsNow, readLive } from "./read-side.ts";
import { managed, notManaged, type Sighted, type Viewer } from "./view.ts";

/** What generators make of other declarations; each is made anew at a reload. */
const made = [
  { folder: "systemd/generator", reason: "generators make it of other declarations at each reload" },
  { folder: "systemd/generator.early", reason: "generators make it of other declarations at each reload" },
  { folder: "systemd/generator.late", reason: "generators make it of other declarations at each reload" },
];

const transient = {
  folder: "systemd/transient",
  reason: "transient units, as of systemd-run, are made and removed by systemd",
};

export function createUnitsViewer(sight: MachineSight): Viewer {
  const { places } = sight;
  const roots = overrideRoots(places);
  const hooks = hookFolders(places);
  const declaredBy = createDeclaredUnits();
  return async (path) => {
    const maker = made.find(({ folder }) => path.startsWith(`${places.run}/${folder}/`));
    if (maker !== undefined) return whileOurs(sight, "units", () => viewMade(sight, path, maker));
    // Of the closure's own files there the part of /etc answers.
    if (hooks.some((folder) => path === folder || path.startsWith(`${folder}/`)))
      return viewFound(sight, path);
    const root = roots.find((one) => path === one || path.startsWith(`${one}/`));
    if (root === undefined) return null;
    return whileOurs(sight, "units", async (toplevel) => {
      const declared = declaredBy(toplevel);
      const below = path.slice(root.length + 1);
      if (declared !== null && below !== "") return viewOverride(sight, { path, below, declared });
      const because = "only what is in it is compared";
      return notManaged("units", { kind: "undeclared", because }, await factsNow(path));
    });
  };
}

type Maker = typeof transient;

async function viewMade(sight: MachineSight, path: string, { folder, reason }: Maker): Promise<Sighted> {
  const left = sayLeft("built-in list", { glob: `/run/${folder}/**`, reason }, false);
  return (await viewFound(sight, path)) ?? notManaged("units", left, await factsNow(path));
}

/** Whatever a fresh look finds there: a part may know more paths than are explained here. */
export async function viewFound(sight: MachineSight, path: string): Promise<Sighted | null> {
  const system = sight.running();
  const found = system.kind === "ours" ? await sight.find(path) : null;
  if (found === null || system.kind === "unknown") return null;
  const { item, of } = found;
  return managed(of, {
    toplevel: system.toplevel,
    entry: system.toplevel,
    expected: item.expected,
    because: "a look at this part of the machine says that it differs",
    open: item,
    now: item.found,
    told: toldOf(found),
  });
}

/** A unit of the closure that systemd read otherwise than it is on the disk. */
export function createLoadedViewer(sight: MachineSight): Viewer {
  const folder = `${sight.places.etc}/systemd/system/`;
  return async (path) => (path.startsWith(folder) ? viewFound(sight, path) : null);
}

interface Override {
  path: string;
  below: string;
  declared: DeclaredUnits;
}

async function viewOverride(sight: MachineSight, { path, below, declared }: Override): Promise<Sighted> {
  const now = await factsNow(path);
  const named = canonicalRoot(sight.places, path);
  const folder = named.slice(0, -below.length - 1);
  const unit = overriddenUnit(below, unitsJudgedIn(folder, declared.units));
  const container = (await readSmallFile(`${sight.places.run}/systemd/container`, 256))?.trim() ?? null;
  const allowed = allowedDropIn(named, container);
  if (allowed !== null) return notManaged("units", sayLeft("built-in list", allowed, false), now);
  if (unit === null && folder === `/run/${transient.folder}`) return viewMade(sight, path, transient);
  // As of a link that gives a unit another name, and of what is said of that name.
  const found = unit === null ? await viewFound(sight, path) : null;
  if (found !== null) return found;
  if (unit === null) {
    const because = "systemd reads it for no unit of the closure, and units of others are left alone";
    return notManaged("units", { kind: "undeclared", because }, now);
  }
  const units = `${declared.toplevel}/etc/systemd/system`;
  return managed("units", {
    toplevel: declared.toplevel,
    entry: realOf(unit.unit === null ? units : `${units}/${unit.unit}`),
    expected: { type: "missing" },
    because: `${unit.because}: only the closure says what its units are`,
    ...(await openNow(sight, path, "units")),
    now,
    sides: {
      kind: "files",
      expected: () => Promise.resolve(null),
      found: (maxBytes) => readLive("/", path.slice(1), maxBytes),
    },
  });
}

function realOf(path: string): string {
  const real = attempt(() => realpathSync(path));
  return real.kind === "done" ? real.value : path;
}
