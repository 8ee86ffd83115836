/** PURE. What became of differences, one event a line. */
import type { NodeEvent } from "@chimera/proto/event";
import type { AgeMs } from "../age.ts";
import { factsText } from "../drift-table.ts";
import type { Paint } from "../paint.ts";
import { printableLine, printablePath } from "../printable.ts";
import { table } from "../table.ts";
import { duration } from "../units.ts";
import { summedText } from "./summed-text.ts";

export function driftHistory(events: readonly NodeEvent[], ageMs: AgeMs, paint: Paint): string {
  const rows = events.flatMap((event) => {
    if (event.type === "drift-summed") {
      const among = `among them ${event.data.paths.map(printablePath).join(", ")}`;
      return [
        [`${duration(ageMs(event.time))} ago`, event.source, summedText(event.data), "", "", "", "", among],
      ];
    }
    const outcome = outcomeOf(event);
    if (outcome === null) return [];
    const { item, what, detail } = outcome;
    const when = `${duration(ageMs(event.time))} ago`;
    const found = [factsText(item.expected), factsText(item.found)];
    return [[when, event.source, what, item.kind, printablePath(item.path), ...found, printableLine(detail)]];
  });
  if (rows.length === 0) return "no drift was told\n";
  return table(["WHEN", "NODE", "WHAT", "KIND", "PATH", "EXPECTED", "FOUND", ""], rows, paint);
}

function outcomeOf(event: NodeEvent) {
  if (event.type === "drift-found") return { item: event.data, what: "reported", detail: "" };
  if (event.type === "drift-unreverted")
    return { item: event.data.item, what: "not put back", detail: event.data.message };
  if (event.type !== "drift-reverted") return null;
  const { item, ms, evidence } = event.data;
  return { item, what: `put back, ${ms} ms`, detail: evidence === undefined ? "" : `kept as ${evidence}` };
}
