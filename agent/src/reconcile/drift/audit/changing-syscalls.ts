/** PURE. Which system calls change a file, as data: x86_64 and the numbering that aarch64 shares with all newer machines. */

/** Where the flags of an open are, by argument. */
const opens: Readonly<Record<string, "a1" | "a2">> = { open: "a1", openat: "a2" };

/** Where a call says from which folder a relative name counts. */
export const folderArguments: Readonly<Record<string, readonly string[]>> = {
  openat: ["a0"],
  openat2: ["a0"],
  renameat: ["a0", "a2"],
  renameat2: ["a0", "a2"],
  linkat: ["a0", "a2"],
  symlinkat: ["a1"],
  unlinkat: ["a0"],
  mkdirat: ["a0"],
  mknodat: ["a0"],
  fchmodat: ["a0"],
  fchmodat2: ["a0"],
  fchownat: ["a0"],
};

/** Of what they name: bytes, mode, owner or attributes. What only makes or removes names is told by the kernel itself. */
const changing: ReadonlySet<string> = new Set([
  "creat",
  "truncate",
  "ftruncate",
  "fallocate",
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "fchown",
  "lchown",
  "fchownat",
  "setxattr",
  "lsetxattr",
  "fsetxattr",
  "removexattr",
  "lremovexattr",
  "fremovexattr",
]);

/** By the machine as audit writes it (AUDIT_ARCH_*, hex). */
const numbers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // x86_64
  c000003e: {
    open: 2,
    creat: 85,
    openat: 257,
    openat2: 437,
    truncate: 76,
    ftruncate: 77,
    fallocate: 285,
    rename: 82,
    renameat: 264,
    renameat2: 316,
    link: 86,
    linkat: 265,
    symlink: 88,
    symlinkat: 266,
    unlink: 87,
    unlinkat: 263,
    mkdir: 83,
    mkdirat: 258,
    mknod: 133,
    mknodat: 259,
    chmod: 90,
    fchmod: 91,
    fchmodat: 268,
    fchmodat2: 452,
    chown: 92,
    fchown: 93,
    lchown: 94,
    fchownat: 260,
    setxattr: 188,
    lsetxattr: 189,
    fsetxattr: 190,
    removexattr: 197,
    lremovexattr: 198,
    fremovexattr: 199,
  },
  // aarch64
  c00000b7: {
    openat: 56,
    openat2: 437,
    truncate: 45,
    ftruncate: 46,
    fallocate: 47,
    renameat: 38,
    renameat2: 276,
    linkat: 37,
    symlinkat: 36,
    unlinkat: 35,
    mkdirat: 34,
    mknodat: 33,
    fchmod: 52,
    fchmodat: 53,
    fchmodat2: 452,
    fchown: 55,
    fchownat: 54,
    setxattr: 5,
    lsetxattr: 6,
    fsetxattr: 7,
    removexattr: 14,
    lremovexattr: 15,
    fremovexattr: 16,
  },
};

const names: ReadonlyMap<string, string> = new Map(
  Object.entries(numbers).flatMap(([arch, calls]) =>
    Object.entries(calls).map(([name, number]) => [`${arch} ${number}`, name] as const),
  ),
);

/** O_WRONLY, O_RDWR and O_TRUNC: the same on both. */
const writing = 0o1003;

/** Null for a call that is not known here. */
export function syscallName(fields: ReadonlyMap<string, string>): string | null {
  return names.get(`${fields.get("arch")} ${fields.get("syscall")}`) ?? null;
}

/** `opened`: the flags of an openat2, which stand in a record of their own, in octal. */
export function isChanging(
  name: string,
  fields: ReadonlyMap<string, string>,
  opened: string | undefined,
): boolean {
  if (changing.has(name)) return true;
  const place = opens[name];
  const flags =
    place === undefined
      ? Number.parseInt(name === "openat2" ? (opened ?? "") : "", 8)
      : Number.parseInt(fields.get(place) ?? "", 16);
  return Number.isFinite(flags) && (flags & writing) !== 0;
}
