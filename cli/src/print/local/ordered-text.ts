/** PURE. What the agent did with root's order, in a sentence. */
import type { LocalOutcome, LocalStatus } from "@chimera/proto/local-api";
import { printableLine } from "../printable.ts";
import { shortPath } from "../units.ts";
import { stops } from "./status-text.ts";

export function orderedText({ outcome, status }: { outcome: LocalOutcome; status: LocalStatus }): string {
  return `${printableLine(sentence(outcome, status))}\n`;
}

function sentence(outcome: LocalOutcome, status: LocalStatus): string {
  switch (outcome) {
    case "shown":
    case "delivered":
    case "reported":
      return "nothing was ordered";
    case "ordered":
      return orderText(status);
    case "adopted":
      return `nothing to do: ${shortPath(status.system.current)} runs, and is what is signed`;
    case "held":
      return holdText(status);
    case "released":
      return `released${goesOn(status)}${stillHeld(status)}`;
    case "not-held":
      return `root held nothing${stillHeld(status)}`;
  }
}

/** Over already where it was to last for a second. */
function orderText({ local }: LocalStatus): string {
  if (local === null) return "ordered, and over";
  return `ordered: ${local.action} ${shortPath(local.toplevel)} until ${local.until}, then what is signed`;
}

function holdText({ holds: { local } }: LocalStatus): string {
  return local === null ? "held, and over" : `held until ${local.until}: begins no ${stops(local)}`;
}

/** What the node said just before. */
function goesOn({ waiting }: LocalStatus): string {
  return waiting?.reason === "booted-other" ? ": the node goes back to what is signed" : "";
}

function stillHeld({ holds: { signed } }: LocalStatus): string {
  return signed === null
    ? ""
    : `; ${signed.author} still holds it until ${signed.until} (chimera hold release)`;
}
