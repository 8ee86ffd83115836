/** PURE. Who changed a file last, by the kernel's audit: only a call that changed it, that went well, and that a rule with a key watched. */
import { audited, auditedId, type AuditRecord } from "./audit-record.ts";
import { folderArguments, isChanging, syscallName } from "./changing-syscalls.ts";

export interface ChangeTarget {
  /** Absolute, without links on the way. */
  path: string;
  /** Of what was found; its device as stat(2) has it. */
  inode: { dev: number; ino: number };
  /** Nothing before the file was made, and nothing after it was found, concerns it. */
  sinceMs: number;
  untilMs: number;
}

export interface AuditedChange {
  atMs: number;
  /** Who logged in, whatever he became since; null for a service. */
  auid: number | null;
  /** His name, where auditd wrote it. */
  user: string | null;
  uid: number | null;
  pid: number;
  command: string;
  exe: string | null;
  key: string;
}

interface AuditEvent {
  id: string;
  atMs: number;
  syscall: ReadonlyMap<string, string> | null;
  opened: string | undefined;
  cwd: string | null;
  paths: ReadonlyMap<string, string>[];
}

/** The newest one. Records of one event need not follow one another. */
export function findChange(records: readonly AuditRecord[], target: ChangeTarget): AuditedChange | null {
  const events = [...eventsOf(records).values()].filter(
    ({ atMs }) => atMs >= target.sinceMs && atMs <= target.untilMs,
  );
  const newest = events.toSorted(byAge).findLast((event) => isChangeOf(event, target));
  return newest === undefined ? null : changeOf(newest);
}

function eventsOf(records: readonly AuditRecord[]): ReadonlyMap<string, AuditEvent> {
  const events = new Map<string, AuditEvent>();
  for (const { type, event: id, atMs, fields } of records) {
    const event = events.get(id) ?? { id, atMs, syscall: null, opened: undefined, cwd: null, paths: [] };
    events.set(id, event);
    if (type === "SYSCALL") event.syscall = fields;
    else if (type === "CWD") event.cwd = audited(fields.get("cwd"));
    else if (type === "OPENAT2") event.opened = fields.get("oflag");
    else event.paths.push(fields);
  }
  return events;
}

function byAge(a: AuditEvent, b: AuditEvent): number {
  return a.atMs - b.atMs || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
}

function isChangeOf(event: AuditEvent, target: ChangeTarget): boolean {
  const { syscall } = event;
  if (syscall?.get("success") !== "yes" || audited(syscall.get("key")) === null) return false;
  return event.paths.some((path) => isMade(event, path, target.path) && isTarget(event, path, target));
}

/** The name that was made, or a file that the call itself changes: another name of the file, or reading it, changes nothing. */
function isMade({ syscall, opened }: AuditEvent, path: ReadonlyMap<string, string>, target: string): boolean {
  const kind = path.get("nametype");
  if (kind === "CREATE") return lastName(audited(path.get("name")) ?? "") === lastName(target);
  const name = syscall === null ? null : syscallName(syscall);
  return kind === "NORMAL" && name !== null && syscall !== null && isChanging(name, syscall, opened);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** By its inode; by name only where the kernel's numbers are no others' (an overlay and btrfs show programs other devices). */
function isTarget(event: AuditEvent, path: ReadonlyMap<string, string>, target: ChangeTarget): boolean {
  const { dev, ino } = target.inode;
  if (path.get("dev") === shownDevice(dev)) return path.get("inode") === `${ino}`;
  return absoluteName(event, audited(path.get("name"))) === target.path;
}

/** As audit writes a device: two hex digits at least of major and minor, from stat's 64 bits. */
export function shownDevice(dev: number): string {
  const bits = BigInt(dev);
  const major = ((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n);
  const minor = (bits & 0xffn) | ((bits >> 12n) & 0xffffff00n);
  return [major, minor].map((number) => number.toString(16).padStart(2, "0")).join(":");
}

/** AT_FDCWD, in 32 or 64 bits. */
const here = /^(?:ffffffff)?ffffff9c$/;

/** Null where nobody says from where a relative name counts. */
function absoluteName({ syscall, cwd }: AuditEvent, name: string | null): string | null {
  if (name === null || name.startsWith("/")) return name;
  const call = syscall === null ? null : syscallName(syscall);
  if (call === null || cwd === null) return null;
  const isHere = (folderArguments[call] ?? []).every((at) => here.test(syscall?.get(at) ?? ""));
  return isHere ? `${cwd === "/" ? "" : cwd}/${name.replace(/^(?:\.\/)+/, "")}` : null;
}

function changeOf({ atMs, syscall }: AuditEvent): AuditedChange | null {
  const pid = auditedId(syscall?.get("pid"));
  if (syscall === null || pid === null) return null;
  const text = (name: string): string | null => audited(syscall.get(name));
  return {
    atMs,
    auid: auditedId(syscall.get("auid")),
    user: knownName(text("AUID")),
    uid: auditedId(syscall.get("uid")),
    pid,
    command: (text("comm") ?? "?").slice(0, 256),
    exe: text("exe")?.slice(0, 4096) ?? null,
    key: (text("key") ?? "?").replaceAll("\u0001", ", ").slice(0, 256),
  };
}

/** auditd writes `unset` and `unknown(4711)` where there is no name. */
function knownName(name: string | null): string | null {
  return name === null || name === "unset" || name.startsWith("unknown(") ? null : name.slice(0, 256);
}
