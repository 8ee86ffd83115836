/** PURE. Names of sessions: strict where they are typed, since they become folders and words of tmux. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { SessionName } from "@chimera/proto/sessions/session";
import type { z } from "zod";
import { printableLine } from "../../print/printable.ts";

const longest = 63;

/** What is typed: "deploy", an earlier run "deploy.3", or a node's session "n1/rollout-7". */
export type Address =
  | { kind: "local"; name: SessionName; n: number | null }
  | { kind: "node"; node: NodeName; session: SessionName };

export function parseAddress(text: string): Address {
  const slash = text.indexOf("/");
  if (slash !== -1) {
    const node = NodeName.safeParse(text.slice(0, slash));
    if (!node.success) throw refused(text, node.error);
    return { kind: "node", node: node.data, session: parseSessionName(text.slice(slash + 1), text) };
  }
  const [, number] = /\.(?<n>[1-9][0-9]{0,8})$/u.exec(text) ?? [];
  const name = number === undefined ? text : text.slice(0, -number.length - 1);
  return {
    kind: "local",
    name: parseSessionName(name, text),
    n: number === undefined ? null : Number(number),
  };
}

/** `whole`: what to quote when the name is only a part of what was typed. */
export function parseSessionName(text: string, whole = text): SessionName {
  const name = SessionName.safeParse(text);
  if (name.success) return name.data;
  throw refused(whole, name.error);
}

function refused(text: string, error: z.ZodError): ChimeraError {
  const shown = printableLine(text.slice(0, 2 * longest));
  const more = text.length > 2 * longest ? `… (${text.length} characters)` : "";
  return new ChimeraError("usage", `"${shown}${more}": ${error.issues[0]?.message ?? "no session name"}`);
}

/** From what is run: "tools/Deploy_all.py" is "deploy-all". */
export function nameFor(word: string): SessionName {
  const file = word.split("/").findLast((part) => part !== "") ?? "";
  const stem = file.replace(/(?<=.)\.[A-Za-z0-9]{1,5}$/u, "");
  const kept = stem
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replace(/^-+/u, "");
  const short = kept.slice(0, 40).replace(/-+$/u, "");
  return SessionName.safeParse(short).data ?? SessionName.parse("run");
}

/** The same with a number, for a second run while the first goes on. */
export function numbered(name: SessionName, number: number): SessionName {
  return SessionName.parse(`${name.slice(0, 40)}-${number}`);
}
