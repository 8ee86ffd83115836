/** PURE. Which mounts hide something of /etc that the closure declares, and which of them may. */
import { etcPath, type ExpectedEntry } from "../etc-entry.ts";
import type { EtcScope } from "../etc-scope.ts";
import { layoutOf, stackAt } from "./etc-layout.ts";
import type { Mount } from "./mount-table.ts";
import type { Right } from "./rightful-mounts.ts";

export interface MountSearch {
  mounts: readonly Mount[];
  etcDir: string;
  entries: ReadonlyMap<string, ExpectedEntry>;
  /** Mount points as the closure names them, below /etc too. */
  declared: ReadonlySet<string>;
  scope: EtcScope;
  /** Why a mount that the closure does not declare may be there; null where it may not. */
  rightOf: (mount: Mount) => Right | null;
}

export interface EtcMounts {
  /** Paths below /etc ("" is /etc itself) that a mount hides which nobody declared. */
  covered: readonly string[];
  /** Why it may be so, for those of them that are only told. */
  rights: ReadonlyMap<string, Right>;
  /** All mount points below /etc, whoever made them. */
  points: ReadonlySet<string>;
  /** Mounts in whose directories an entry may be written. */
  writable: ReadonlySet<number>;
}

/** Copies that NixOS keeps itself: no entry of the tree, and hidden they are all the same. */
const accounts = new Set(["passwd", "group", "shadow", "gshadow", "subuid", "subgid"]);

export function findEtcMounts(search: MountSearch): EtcMounts {
  const { mounts, etcDir } = search;
  const paths = new Set(mounts.flatMap(({ target }) => pathBelow(target, etcDir) ?? []));
  const covered = [...paths].filter((path) => isManaged(search, path) && isHidden(search, path)).toSorted();
  const undeclared = new Set(covered);
  const writable = mounts.filter(({ target }) => {
    const path = pathBelow(target, etcDir);
    return path !== null && !isBelow(undeclared, path);
  });
  const own = ownMount(search);
  return {
    covered,
    points: paths,
    rights: new Map(covered.flatMap((path) => rightAt(search, path))),
    writable: new Set([...writable, ...(own === undefined ? [] : [own])].map(({ id }) => id)),
  };
}

/** What lies on top is what would be unmounted. */
function rightAt({ mounts, etcDir, rightOf }: MountSearch, path: string): [string, Right][] {
  const top = stackAt(mounts, absolute(etcDir, path)).at(-1);
  const right = top === undefined ? null : rightOf(top);
  return right === null ? [] : [[path, right]];
}

function absolute(etcDir: string, path: string): string {
  return path === "" ? etcDir : `${etcDir}/${path}`;
}

/** True when the path or something on its way is one of `covered`. */
export function isBelow(covered: ReadonlySet<string>, path: string): boolean {
  if (covered.size === 0) return false;
  const names = path.split("/");
  return covered.has("") || names.some((_, index) => covered.has(names.slice(0, index + 1).join("/")));
}

function pathBelow(target: string, etcDir: string): string | null {
  if (target === etcDir) return "";
  return target.startsWith(`${etcDir}/`) ? target.slice(etcDir.length + 1) : null;
}

/** The mount that /etc itself is in: its own, if the layout or the closure says that there is one, else what is around it. */
function ownMount({ mounts, etcDir, declared }: MountSearch): Mount | undefined {
  if (hasOwnMount({ mounts, etcDir, declared })) return stackAt(mounts, etcDir)[0];
  const around = mounts.filter(({ target }) => target === "/" || etcDir.startsWith(`${target}/`));
  const nearest = around.toSorted((a, b) => b.target.length - a.target.length)[0];
  return nearest === undefined ? undefined : stackAt(mounts, nearest.target).at(-1);
}

function hasOwnMount({
  mounts,
  etcDir,
  declared,
}: Pick<MountSearch, "mounts" | "etcDir" | "declared">): boolean {
  return layoutOf(mounts, etcDir).kind === "overlay" || declared.has("/etc");
}

/** What the allow list leaves to others may be mounted over as well, but for the accounts: a mount there is an attack. */
function isManaged({ entries, scope }: MountSearch, path: string): boolean {
  if (path === "" || accounts.has(path)) return !scope.isConfigured(path);
  return entries.has(path);
}

function isHidden(search: MountSearch, path: string): boolean {
  const { mounts, etcDir, declared } = search;
  const stack = stackAt(mounts, absolute(etcDir, path));
  if (path === "") return stack.length > (hasOwnMount(search) ? 1 : 0);
  if (declared.has(etcPath(path))) return false;
  return !accounts.has(path) || !stack.every((mount) => isReadOnlySelf(search, mount, path));
}

/** userborn mounts the account files over themselves, read-only: the same file is seen, and it cannot be changed. */
function isReadOnlySelf(search: MountSearch, mount: Mount, path: string): boolean {
  const { etcDir } = search;
  const around = ownMount(search);
  if (around === undefined || !mount.options.includes("ro") || mount.device !== around.device) return false;
  const inside = `${etcDir}/${path}`.slice(around.target === "/" ? 0 : around.target.length);
  return mount.root === `${around.root === "/" ? "" : around.root}${inside}`;
}
