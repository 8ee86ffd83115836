/** PURE. What a key set changes, line by line, as people read a diff. */
import { keyRoles, type KeySet } from "@chimera/proto/signed/key-set";
import type { Paint } from "../paint.ts";

export function keySetDiff(before: KeySet, after: KeySet, paint: Paint): string {
  const facts = [
    changed("epoch", before.epoch, after.epoch),
    changed("expires", before.expires, after.expires),
  ];
  const roles = keyRoles.flatMap((role) => roleDiff(role, before.roles[role], after.roles[role]));
  const lines = [...facts.flat(), ...roles].map((line) => painted(line, paint));
  return [`key set ${before.version} -> ${after.version}`, ...lines].map((line) => `${line}\n`).join("");
}

type Role = KeySet["roles"]["root"] | undefined;

function roleDiff(role: string, before: Role, after: Role): string[] {
  const old = before?.keys ?? [];
  const now = after?.keys ?? [];
  return [
    ...old.filter((key) => !now.includes(key)).map((key) => `- ${role} ${key}`),
    ...now.filter((key) => !old.includes(key)).map((key) => `+ ${role} ${key}`),
    ...changed(`${role} threshold`, before?.threshold ?? 0, after?.threshold ?? 0),
  ];
}

function changed(what: string, before: string | number, after: string | number): string[] {
  return before === after ? [] : [`~ ${what} ${before} -> ${after}`];
}

function painted(line: string, paint: Paint): string {
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : paint("yellow", line);
}
