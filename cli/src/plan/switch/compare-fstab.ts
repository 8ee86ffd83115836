/** PURE. What another /etc/fstab asks of a running system. New file systems are mounted by starting local-fs.target. */

export interface FstabChanges {
  stop: string[];
  restart: string[];
  reload: string[];
  /** Another device for / or /nix: only a restart of the machine brings it. */
  leave: string[];
  /** Mount points that appear. */
  mount: string[];
  /** Devices. */
  swapoff: string[];
  swapon: string[];
}

interface Entry {
  device: string;
  type: string;
  options: string;
}

export function compareFstab(from: string, to: string): FstabChanges {
  const [before, after] = [parseFstab(from), parseFstab(to)];
  const changes: FstabChanges = {
    stop: [],
    restart: [],
    reload: [],
    leave: [],
    mount: [],
    swapoff: [],
    swapon: [],
  };
  for (const [point, entry] of before.mounts)
    judgeMount(changes, point, { old: entry, now: after.mounts.get(point) });
  changes.mount = [...after.mounts.keys()].filter((point) => !before.mounts.has(point));
  changes.swapoff = [...before.swaps].filter((device) => !after.swaps.has(device));
  changes.swapon = [...after.swaps].filter((device) => !before.swaps.has(device));
  return changes;
}

function judgeMount(
  changes: FstabChanges,
  point: string,
  { old, now }: { old: Entry; now: Entry | undefined },
): void {
  const unit = `${escapePath(point)}.mount`;
  if (now === undefined) {
    // Stopping the automount stops the mount too.
    changes.stop.push(old.options.includes("x-systemd.automount") ? `${escapePath(point)}.automount` : unit);
    return;
  }
  const isOther = old.type !== now.type || old.device !== now.device;
  const isFixed = point === "/" || point === "/nix";
  if (isOther && !isFixed) changes.restart.push(unit);
  else if (old.options !== now.options) changes.reload.push(unit);
  else if (isOther) changes.leave.push(unit);
}

function parseFstab(text: string): { mounts: Map<string, Entry>; swaps: Set<string> } {
  const mounts = new Map<string, Entry>();
  const swaps = new Set<string>();
  for (const line of text.split("\n")) {
    // As the switch does it: a # anywhere makes the line a comment.
    if (line.includes("#")) continue;
    const [device, point, type, options = ""] = line.trim().split(/\s+/u);
    if (device === undefined || point === undefined || type === undefined) continue;
    if (type === "swap") swaps.add(device);
    else mounts.set(point, { device, type, options });
  }
  return { mounts, swaps };
}

/** As `systemd-escape --path`. */
function escapePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.length === 0) return "-";
  return parts.map((part, i) => escapePart(part, i === 0)).join("-");
}

function escapePart(part: string, isFirst: boolean): string {
  const escaped = [...Buffer.from(part)].map((byte, i) => {
    const mark = String.fromCodePoint(byte);
    const isKept = /[A-Za-z0-9:_.]/u.test(mark) && !(isFirst && i === 0 && mark === ".");
    return isKept ? mark : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return escaped.join("");
}
