/** For tests: an /etc that is a real overlay mount over what NixOS's composefs image holds. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseMountTable } from "../../reconcile/drift/mounts/mount-table.ts";
import { pathsBelow } from "./etc-snapshot.ts";

export interface OverlayPlace {
  root: string;
  toplevel: string;
  layout: "overlay" | "immutable";
  /** Of the lower directory; another one for another system. */
  name?: string;
}

/** Mounts `<root>/etc`; with layout "overlay" changes go to `<root>/upper`. */
export function mountOverlay({ root, toplevel, layout, name = "nixos-etc-metadata" }: OverlayPlace): void {
  const [lower, empty, upper, work] = [name, "empty", "upper", "work"].map((part) => join(root, part));
  for (const folder of [lower, empty, upper, work]) mkdirSync(String(folder), { recursive: true });
  fillLower(toplevel, String(lower));
  const options = [
    // A single lower directory without an upper one is refused.
    `lowerdir=${lower}:${empty}`,
    "redirect_dir=on,metacopy=on",
    ...(layout === "overlay" ? [`upperdir=${upper},workdir=${work}`] : []),
  ];
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", options.join(","), join(root, "etc")]);
}

/** Ends every mount below a folder, the newest first. */
export function unmountBelow(root: string): void {
  const mounts = parseMountTable(readFileSync("/proc/self/mountinfo", "utf8"));
  for (const { target } of mounts.filter((mount) => mount.target.startsWith(`${root}/`)).toReversed())
    execFileSync("umount", ["--lazy", target]);
}

/** Links lead to their sources themselves; copies are files with numeric owners. */
function fillLower(toplevel: string, lower: string): void {
  const tree = realpathSync(join(toplevel, "etc"));
  for (const source of pathsBelow(tree)) {
    if (!lstatSync(source).isSymbolicLink()) continue;
    const target = join(lower, source.slice(tree.length + 1));
    mkdirSync(dirname(target), { recursive: true });
    const mode = readSidecar(`${source}.mode`) ?? "symlink";
    if (mode.endsWith("symlink")) symlinkSync(readlinkSync(source), target);
    else copyAs(source, target, mode);
  }
}

function copyAs(source: string, target: string, mode: string): void {
  writeFileSync(target, readFileSync(source));
  chownSync(target, idOf(`${source}.uid`, 4711), idOf(`${source}.gid`, 4712));
  chmodSync(target, Number.parseInt(mode, 8));
}

/** The fixture's only names are those of the user and the group that its databases have. */
function idOf(file: string, named: number): number {
  const text = readSidecar(file) ?? "+0";
  return text.startsWith("+") ? Number(text) : named;
}

function readSidecar(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? null : readFileSync(path, "utf8").trim();
}
