// PURE: what a changed fstab asks for: mount units to restart, reload or stop, swap devices to leave.

export interface FstabChanges {
  readonly restart: readonly string[];
  readonly reload: readonly string[];
  readonly stop: readonly string[];
  /** Another device for / or /nix. */
  readonly skip: readonly string[];
  readonly swapoff: readonly string[];
}

interface FileSystem {
  readonly device: string;
  readonly type: string;
  readonly options: string;
}

export function compareFstab(current: string, next: string): FstabChanges {
  const before = parseFstab(current);
  const after = parseFstab(next);
  const changes: Record<"restart" | "reload" | "stop" | "skip", string[]> = {
    restart: [],
    reload: [],
    stop: [],
    skip: [],
  };
  for (const [mountPoint, old] of before.mounts) {
    const unit = mountUnit(mountPoint);
    const fresh = after.mounts.get(mountPoint);
    const isOther = fresh?.device !== old.device || fresh.type !== old.type;
    // Stopping the automount stops the mount.
    if (fresh === undefined)
      changes.stop.push(
        old.options.includes("x-systemd.automount") ? unit.replace(/mount$/, "automount") : unit,
      );
    else if (isOther && !isEssential(mountPoint)) changes.restart.push(unit);
    else if (fresh.options !== old.options) changes.reload.push(unit);
    else if (isOther) changes.skip.push(unit);
  }
  return { ...changes, swapoff: [...before.swaps].filter((device) => !after.swaps.has(device)) };
}

/** The mount unit's name, escaped as systemd-escape --path does. */
export function mountUnit(mountPoint: string): string {
  const path = mountPoint.split("/").filter(Boolean).join("/");
  if (path === "") return "-.mount";
  const escaped = path.replaceAll(/[^A-Za-z0-9:_./]|^\./g, (char) =>
    [...new TextEncoder().encode(char)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  );
  return `${escaped.replaceAll("/", "-")}.mount`;
}

function isEssential(mountPoint: string): boolean {
  return mountPoint === "/" || mountPoint === "/nix";
}

function parseFstab(text: string): { mounts: Map<string, FileSystem>; swaps: Set<string> } {
  const mounts = new Map<string, FileSystem>();
  const swaps = new Set<string>();
  for (const line of text.split("\n")) {
    if (line.includes("#")) continue;
    const [device, mountPoint, type, options] = line.trim().split(/\s+/);
    if (device === undefined || device === "") continue;
    if (mountPoint === undefined || type === undefined) continue;
    if (type === "swap") swaps.add(device);
    else mounts.set(unescapeField(mountPoint), { device, type, options: options ?? "" });
  }
  return { mounts, swaps };
}

function unescapeField(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
}
