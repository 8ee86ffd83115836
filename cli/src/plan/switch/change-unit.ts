/** PURE. What becomes of one running unit whose file changed in a way that matters. */
import { flag, words, type UnitFile } from "../units/unit-file.ts";
import type { Switch, SwitchLists } from "./switch-lists.ts";

interface Changed {
  name: string;
  /** Whose file defines it: its own name, or its template's. */
  base: string;
  next: UnitFile;
}

const untouchable: ReadonlySet<string> = new Set([
  "sysinit.target",
  "basic.target",
  "multi-user.target",
  "graphical.target",
]);

export function changeUnit(lists: SwitchLists, wanted: Switch, unit: Changed): void {
  const way = wayOf(unit);
  if (way === "nothing") return;
  if (way === "stop-and-start") stopAndStart(lists, wanted, unit);
  else lists[way].add(unit.name);
}

function wayOf({ name, next }: Changed): "nothing" | "reload" | "restart" | "leave" | "stop-and-start" {
  // Systemd takes new limits and watches with its own reload; sockets are never restarted for themselves.
  if (untouchable.has(name) || /\.(?:slice|path|socket)$/u.test(name)) return "nothing";
  if (name.endsWith(".mount")) return name === "-.mount" || name === "nix.mount" ? "reload" : "restart";
  if (flag(next, "Service/X-ReloadIfChanged", "false")) return "reload";
  if (staysAsItIs(next)) return "leave";
  const stops = name.endsWith(".service") && flag(next, "Service/X-StopIfChanged", "true");
  return stops ? "stop-and-start" : "restart";
}

function staysAsItIs(next: UnitFile): boolean {
  return (
    !flag(next, "Service/X-RestartIfChanged", "true") ||
    flag(next, "Unit/RefuseManualStop", "false") ||
    flag(next, "Unit/X-OnlyManualStart", "false")
  );
}

/** Goes down with its old file, comes up with the new one; where a socket can start it, the socket comes up instead. */
function stopAndStart(lists: SwitchLists, { to, active }: Switch, unit: Changed): void {
  const { name, next } = unit;
  lists.stop.add(name);
  let isBySocket = false;
  for (const socket of socketsOf(unit)) {
    const exists = to.sources.has(socket);
    if (active.has(socket)) {
      lists.stop.add(socket);
      if (exists) lists.start.add(socket);
    }
    isBySocket ||= exists;
  }
  if (!isBySocket || flag(next, "Service/X-NotSocketActivated", "false")) lists.start.add(name);
}

function socketsOf({ base, next }: Changed): string[] {
  const named = words(next, "Service/Sockets");
  return named.length > 0 ? named : [base.replace(/@?\.service$/u, ".socket")];
}
