/** PURE. What a node shows of one path: why, what differs, what is kept, and the difference itself. */
import type { AuditFacts, Culprit, EvidenceFacts, ShownFacts } from "@chimera/proto/drift-shown";
import { factsText } from "../drift-table.ts";
import type { Paint } from "../paint.ts";
import { printableLine, printablePath } from "../printable.ts";
import { contentText } from "./content-diff.ts";
import { explanationText } from "./explanation-text.ts";

export function shownText(shown: ShownFacts, paint: Paint): string {
  const { evidence, of, content, explanation, path } = shown;
  const head = explanationText(shown);
  if (explanation.kind !== "managed" && evidence.length === 0) return head;
  const now = explanation.kind === "managed" ? nowText(shown, paint) : "";
  const kept = evidence.map((one) => evidenceText(one, one.id === of)).join("");
  const list = kept === "" ? "" : `kept on the node before reverts, newest first:\n${kept}`;
  return `${head}\n${now}${list}\n${contentText(content, path, paint)}`;
}

function nowText({ open, culprit, explanation, stance, path }: ShownFacts, paint: Paint): string {
  if (open === null && explanation.part === "store")
    return stance.mode === "ignore" ? "now: nobody compares it\n" : "now: as declared, by the last look\n";
  if (open === null) return "now: as declared\n";
  const by = culprit === undefined ? "" : `  ${culpritText(culprit)}\n`;
  const where = open.path === path ? "" : ` at ${printablePath(open.path)}`;
  const sides = `  expected     ${factsText(open.expected)}\n  found        ${factsText(open.found)}\n`;
  return `now: ${paint("red", open.kind)}${where}\n${sides}${by}`;
}

function evidenceText({ id, at, facts, modifiedAt, culprit }: EvidenceFacts, isShown: boolean): string {
  const mark = isShown ? "*" : " ";
  const by = culprit === undefined ? "" : `\n      ${culpritText(culprit)}`;
  return `  ${mark} ${printablePath(id)}\n      found ${at}, written ${modifiedAt}: ${factsText(facts)}${by}\n`;
}

/** What was recorded first. Whoever was logged in did not therefore do it. */
export function culpritText({ by, audit, loggedIn }: Culprit): string {
  const recorded = audit === undefined ? [] : [auditText(audit)];
  switch (by.kind) {
    case "writer": {
      const handle = `open for writing by pid ${by.pid} ${printableLine(by.command)} of uid ${by.uid}`;
      return [...recorded, handle].join("; ");
    }
    case "unknown": {
      if (recorded.length > 0) return recorded.join("");
      const who = loggedIn.map(printableLine).join(", ");
      return who === ""
        ? "by unknown; nobody was logged in"
        : `by unknown; logged in, which is no proof: ${who}`;
    }
  }
}

function auditText({ at, auid, user, uid, pid, command, exe, key }: AuditFacts): string {
  const who = auid === null ? "a service" : user === null ? `login uid ${auid}` : printableLine(user);
  const program = `${printableLine(command)} (pid ${pid}${exe === null ? "" : `, ${printablePath(exe)}`})`;
  return `changed by ${who}: ${program} as uid ${uid ?? "?"}, ${at}, by the kernel's audit (${printableLine(key)})`;
}
