/** PURE. Which names in systemd's folders shadow or extend a unit that the closure declares (systemd.unit(5)). */

const unitName = /^(.+)\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/** Unit names of a closure's `etc/systemd/system`: files, and what only has drop-ins there. */
export function declaredUnits(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.replace(/\.d$/, "")).filter((name) => unitName.test(name)));
}

/** True for a whole unit of this name: declared itself, or an instance of a declared template. */
export function isDeclaredUnit(name: string, declared: ReadonlySet<string>): boolean {
  if (!unitName.test(name)) return false;
  return declared.has(name) || declared.has(name.replace(/@[^@]*(\.[a-z]+)$/, "@$1"));
}

/**
 * True for a folder of drop-ins that a declared unit reads: its own (`a.service.d`), that of all units of its type
 * (`service.d`), and that of a beginning of its name (`a-.service.d`).
 */
export function isDeclaredDropInFolder(name: string, declared: ReadonlySet<string>): boolean {
  return createDropInJudge(declared)(name);
}

/** The same for any number of names: whoever fills a folder with millions of them must not make each cost a look at all units. */
export function createDropInJudge(declared: ReadonlySet<string>): (name: string) => boolean {
  const shared = new Set([...declared].flatMap(sharedFolders));
  return (name) => name.endsWith(".d") && (shared.has(name) || isDeclaredUnit(name.slice(0, -2), declared));
}

/** Those that a unit shares with all of its type, and with all whose name begins as its does. */
function sharedFolders(unit: string): string[] {
  const [, stem = "", type = ""] = unitName.exec(unit) ?? [];
  const beginnings = [...stem.matchAll(/-/g)].map(({ index }) => stem.slice(0, index + 1));
  return [`${type}.d`, ...beginnings.filter((text) => text !== "-").map((text) => `${text}.${type}.d`)];
}

const setPropertyHeader = '# This is a drop-in unit file extension, created via "systemctl set-property"';
/** What `systemctl set-property` can set on a running unit: nothing that runs another program. */
const settable =
  /^(Startup)?(CPU|Memory|IO|BlockIO|Tasks|IPAddress|IPAccounting|AllowedCPUs|AllowedMemoryNodes|Device|ManagedOOM|DefaultMemory)[A-Za-z]*$/;

/** A drop-in as `systemctl set-property` writes it, and of nothing but the property in its name. */
export function isSetProperty(name: string, text: string): boolean {
  const property = /^50-([A-Za-z]+)\.conf$/.exec(name)?.[1];
  if (property === undefined || !settable.test(property) || !text.startsWith(setPropertyHeader)) return false;
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !/^\[[A-Z][a-z]+\]$/.test(line))
    .every((line) => line.startsWith(`${property}=`) && !line.endsWith("\\"));
}

const transientFolder = "/run/systemd/transient";

/**
 * Units that nobody but the closure may say something of in this folder, as it is called on a machine. systemd makes no transient unit of a
 * name that has a file; slices and scopes are its own there, also where the closure says something of them.
 */
export function unitsJudgedIn(folder: string, declared: ReadonlySet<string>): ReadonlySet<string> {
  return folder === transientFolder
    ? new Set([...declared].filter((name) => !/\.(slice|scope)$/.test(name)))
    : declared;
}

/** Folders from which a unit's text comes rightly: the closure's, and what generators make. */
const rightful = [
  "/etc/systemd/system/",
  "/nix/store/",
  "/run/systemd/generator.early/",
  "/run/systemd/generator/",
  "/run/systemd/generator.late/",
];

const unitFolder = /\/systemd\/(system(\.control|\.attached)?|transient|generator(\.early|\.late)?)$/;

/** True for the folders that systemd searches for units: a link from one of them into one of them is another name of that unit. */
export function isUnitFolder(folder: string): boolean {
  return unitFolder.test(folder);
}

/** True for the name of a unit, whoever says something of it. */
export function isUnitName(name: string): boolean {
  return unitName.test(name);
}

/**
 * The names by which links make a unit of the closure known, other than its own: systemd reads the drop-ins of each of them for it.
 * `links`: what each such name leads to, by name.
 */
export function aliasesOf(
  links: readonly (readonly [name: string, leadsTo: string])[],
  declared: ReadonlySet<string>,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (let size = -1; names.size > size;) {
    size = names.size;
    for (const [name, to] of links) if (names.has(to) || isDeclaredUnit(to, declared)) names.add(name);
  }
  return names;
}

/** What systemd says it read for a unit, as far as nobody declared it; the override folders are looked at by themselves. */
export function elsewhere(paths: readonly string[], allowed: readonly string[]): string[] {
  const known = [...rightful, ...allowed];
  return paths.filter((path) => path !== "" && !known.some((folder) => path.startsWith(folder)));
}

/**
 * What systemd read in one of the override folders is looked at there by itself when it is of a name that is judged there. `folder`, as it is
 * called on a machine; `below` it.
 */
export function createJudge(
  declared: ReadonlySet<string>,
): (place: { folder: string; below: string }) => boolean {
  const byFolder = new Map<string, { units: ReadonlySet<string>; isDropIn: (name: string) => boolean }>();
  const judgedIn = (folder: string) => {
    const units = unitsJudgedIn(folder, declared);
    const judged = byFolder.get(folder) ?? { units, isDropIn: createDropInJudge(units) };
    byFolder.set(folder, judged);
    return judged;
  };
  return ({ folder, below }) => {
    const [name = ""] = below.split("/");
    if (folder === transientFolder && /\.(slice|scope)(\.d)?$/.test(name)) return true;
    const { units, isDropIn } = judgedIn(folder);
    return isDeclaredUnit(name, units) || isDropIn(name);
  };
}

const closureFolder = "/etc/systemd/system";

/** Whether systemd reads units of the closure from there, from below it, or by way of it. */
export function holdsUnits(path: string): boolean {
  if (path === "/etc/static" || path === closureFolder) return true;
  return path.startsWith(`${closureFolder}/`) || closureFolder.startsWith(`${path}/`);
}
