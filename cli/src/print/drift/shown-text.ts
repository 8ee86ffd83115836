/** PURE. What a node shows of one path: why, what differs, what is kept, and the difference itself. */
import type { Culprit, EvidenceFacts, ShownFacts } from "@chimera/proto/drift-shown";
import { factsText } from "../drift-table.ts";
import type { Paint } from "../paint.ts";
import { printableLine, printablePath } from "../printable.ts";
import { contentText } from "./content-diff.ts";
import { explanationText } from "./explanation-text.ts";

export function shownText(shown: ShownFacts, paint: Paint): string {
  const { open, evidence, of, content, explanation, path } = shown;
  const head = explanationText(shown);
  if (explanation.kind !== "managed") return head;
  const now =
    open === null
      ? "now: as declared\n"
      : `now: ${paint("red", open.kind)}\n  expected     ${factsText(open.expected)}\n  found        ${factsText(open.found)}\n`;
  const kept = evidence.map((one) => evidenceText(one, one.id === of)).join("");
  const list = kept === "" ? "" : `kept on the node before reverts, newest first:\n${kept}`;
  return `${head}\n${now}${list}\n${contentText(content, path, paint)}`;
}

function evidenceText({ id, at, facts, modifiedAt, culprit }: EvidenceFacts, isShown: boolean): string {
  const mark = isShown ? "*" : " ";
  const by = culprit === undefined ? "" : `\n      ${culpritText(culprit)}`;
  return `  ${mark} ${printablePath(id)}\n      found ${at}, written ${modifiedAt}: ${factsText(facts)}${by}\n`;
}

/** Whoever was logged in did not therefore do it. */
export function culpritText({ by, loggedIn }: Culprit): string {
  switch (by.kind) {
    case "writer":
      return `open for writing by pid ${by.pid} ${printableLine(by.command)} of uid ${by.uid}`;
    case "unknown": {
      const who = loggedIn.map(printableLine).join(", ");
      return who === ""
        ? "by unknown; nobody was logged in"
        : `by unknown; logged in, which is no proof: ${who}`;
    }
  }
}
