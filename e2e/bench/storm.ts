// SHELL. Bench `storm`: 30,000 managed entries change at once. How many are never put back, and what that costs the agent.
import { z } from "zod";
import { NodeEvent } from "@chimera/proto/event";
import { operatorOf } from "../fleet/operator.ts";
import type { Fleet } from "../fleet/start-fleet.ts";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { runProbe } from "../fleet/run-probe.ts";
import type { Host } from "../lab/host/host.ts";
import type { Report } from "../lab/report.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { ChimeraError } from "@chimera/proto/errors";
import { withFleet } from "./bench-fleet.ts";
import { atMost, type Figure } from "./figures.ts";

const entries = 30_000;
const timeoutMs = 300_000;
const root = "/etc/storm";

/** One source for all: what is compared is the link. */
const etc = Object.fromEntries(
  Array.from({ length: entries }, (_, i) => [`storm/${i % 100}/entry-${i}`, { source: "/etc/hostname" }]),
);

export function storm(report: Report): Promise<Figure[]> {
  return withFleet(report, { nodes: 1 }, async (fleet) => {
    report(`a world with ${entries} more entries`);
    const { code, stderr } = await deployWorld(fleet, "storm", { changes: { etc } });
    if (code !== 0) throw new ChimeraError("rollout-failed", `deploy of ${entries} entries: ${stderr}`);
    const node = fleet.lab.host("n1");
    const before = await memoryOf(node);
    report(`${entries} links become files at once`);
    const began = performance.now();
    const changed = z.coerce
      .number()
      .parse(await runProbe(node, { name: "storm", input: { root }, timeoutMs }));
    const missed = await leftAfter(node, report);
    const seconds = (performance.now() - began) / 1000;
    const { peakMb, nowMb } = await memoryOf(node);
    const told = await toldOf(fleet, report);
    const kept = (await node.runChecked(["ls", "/var/lib/chimera/evidence"])).trim().split("\n").length;
    return [
      atMost("missed", missed + (entries - changed), { unit: "entries", n: entries, bound: 0 }),
      atMost("agent_rss_mb", peakMb, { unit: "MB, peak", n: 1, bound: 100 }),
      atMost("agent_rss_before_mb", before.nowMb, { unit: "MB", n: 1, bound: 100 }),
      atMost("agent_rss_after_mb", nowMb, { unit: "MB", n: 1, bound: 100 }),
      atMost("untold", entries - told.singly - told.summed, { unit: "entries", n: entries, bound: 0 }),
      atMost("told_singly", told.singly, { unit: "events", n: 1, bound: 1000 }),
      atMost("evidence_kept", kept, { unit: "finds", n: entries, bound: mostKept(seconds) }),
      atMost("storm_s", seconds, { unit: "s until all are back", n: 1, bound: 300 }),
    ];
  });
}

/** Of a storm half of the room for 50,000 files, three a find, and as much again in an hour: what was kept before stays. */
function mostKept(seconds: number): number {
  return Math.ceil((50_000 / 2 / 3) * (1 + seconds / 3600));
}

/** Entries that are no link to what is declared once nothing moves any more, or the time is up. */
async function leftAfter(node: Host, report: Report): Promise<number> {
  const files = async () => (await node.runChecked(["find", root, "-type", "f"])).split("\n").length - 1;
  try {
    await waitUntil("all are put back", async () => (await files()) === 0, { timeoutMs, everyMs: 500 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    report(error.message);
  }
  const links = await node.runChecked(["find", root, "-type", "l", "-lname", "/etc/static/storm/*"]);
  return entries - (links.split("\n").length - 1);
}

const History = z.looseObject({ events: z.array(NodeEvent) });

/** By the events that the controller has: those of one entry, and the sums. */
async function toldOf(fleet: Fleet, report: Report): Promise<{ singly: number; summed: number }> {
  const look = async () => {
    const args = ["drift", "history", "n1", "--limit", "1000", "--json"];
    const { events } = History.parse(JSON.parse(await operatorOf(fleet.lab).ok(args)));
    const summed = events.flatMap((event) => (event.type === "drift-summed" ? [event.data.reverted] : []));
    return {
      singly: events.filter(({ type }) => type === "drift-reverted").length,
      summed: summed.reduce((total, count) => total + count, 0),
    };
  };
  try {
    await waitUntil(
      "all are told",
      async () => {
        const { singly, summed } = await look();
        return singly + summed >= entries;
      },
      { timeoutMs: 60_000, everyMs: 2000 },
    );
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    report(error.message);
  }
  return look();
}

async function memoryOf(node: Host): Promise<{ peakMb: number; nowMb: number }> {
  const pid = (await node.runChecked(["cat", "/run/chimera/agent.pid"])).trim();
  const status = await node.runChecked(["cat", `/proc/${pid}/status`]);
  const kb = (field: string) =>
    z.coerce.number().parse(new RegExp(`^${field}:\\s+(\\d+) kB`, "mu").exec(status)?.[1]);
  return { peakMb: kb("VmHWM") / 1024, nowMb: kb("VmRSS") / 1024 };
}
