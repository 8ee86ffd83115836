/** SHELL. Where Nix keeps its state, below a root folder, and what of it can be looked at without a process. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { attempt } from "../errno-outcome.ts";
import { readBootDefault } from "../system-pointers.ts";

export interface NixPlaces {
  /** "/" but in tests. */
  root: string;
  /** Beginning of the argv of `nix-store`. */
  nixStore: readonly string[];
}

const gcRoots = "/nix/var/nix/gcroots/chimera";
const profile = "/nix/var/nix/profiles/system";
/** The fetch names it before it is there, and Nix ignores it until then. */
const onItsWay = "wanted";
const maxLinks = 16;

export function daemonSocket(root: string): string | null {
  const socket = join(root, "/nix/var/nix/daemon-socket/socket");
  return existsSync(socket) ? socket : null;
}

/** What is wrong with the links that keep systems alive, and with what would be booted; null when nothing is. */
export function linkProblem(root: string): string | null {
  const names = attempt(() => readdirSync(join(root, gcRoots)).toSorted());
  if (names.kind === "failed") return `${gcRoots} cannot be read: ${names.errno}`;
  const links = names.value.filter((name) => name !== onItsWay).map((name) => `${gcRoots}/${name}`);
  const dangling = [...links, profile].find((link) => leadsNowhere(root, link));
  return dangling === undefined ? bootProblem(root) : `${dangling} leads nowhere`;
}

/** Whether the profile names the running system. Until the commit it and the roots lead to what is being replaced. */
export function isPermanent(root: string, toplevel: string): boolean {
  const target = endOf(root, profile);
  return target === null || target === toplevel;
}

/** Where a link leads in the end, below the root; null where there is no link. */
function endOf(root: string, link: string): string | null {
  let path = link;
  for (let followed = 0; followed < maxLinks; followed += 1) {
    const target = attempt(() => readlinkSync(join(root, path)));
    if (target.kind === "failed") return followed === 0 ? null : path;
    path = resolve(dirname(path), target.value);
  }
  return path;
}

/** A missing link is none; absolute targets lie below the root too, so the system's own resolution will not do. */
function leadsNowhere(root: string, link: string): boolean {
  let path = link;
  for (let followed = 0; followed < maxLinks; followed += 1) {
    const target = attempt(() => readlinkSync(join(root, path)));
    if (target.kind === "failed") return followed > 0 && !existsSync(join(root, path));
    path = resolve(dirname(path), target.value);
  }
  return true;
}

/** Only where a loader's configuration lies: other machines are booted by somebody else. */
function bootProblem(root: string): string | null {
  const boot = join(root, "boot");
  const configured = ["default", "loader/loader.conf"].some((file) => existsSync(join(boot, file)));
  if (!configured || isLoadersChoice(boot)) return null;
  const toplevel = readBootDefault(boot);
  if (toplevel === null) return "the boot default names no system";
  return existsSync(join(root, toplevel)) ? null : `the boot default, ${toplevel}, does not exist`;
}

/** Without a setting, with a pattern or with "@saved" the loader decides, and nobody can say what. */
function isLoadersChoice(boot: string): boolean {
  if (existsSync(join(boot, "default"))) return false;
  const text = attempt(() => readFileSync(join(boot, "loader/loader.conf"), "utf8"));
  const setting = text.kind === "failed" ? undefined : /^\s*default\s+(\S.*)$/m.exec(text.value)?.[1];
  return setting === undefined || /[*?@[]/.test(setting);
}

/** Whether the database is there and is one; what else ails it, only Nix can say. */
export function databaseProblem(root: string): string | null {
  const begin = attempt(() => {
    const fd = openSync(join(root, "/nix/var/nix/db/db.sqlite"), "r");
    try {
      const bytes = Buffer.alloc(16);
      return bytes.toString("latin1", 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  });
  if (begin.kind === "failed") return `Nix's database cannot be read: ${begin.errno}`;
  return begin.value === "SQLite format 3\0" ? null : "Nix's database is none";
}
