/** SHELL. The three ways to watch a rollout: bars for a person, lines for a log, NDJSON for a program. */
import type { NodeName } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { MultiBar, SingleBar } from "cli-progress";
import type { Io } from "../../io.ts";
import { nodeProgress } from "./node-progress.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { bytes } from "../../print/units.ts";
import type { FollowView } from "./follow.ts";
import type { NodeOutcome } from "./node-outcome.ts";

/** More bars than a screen has lines would scroll. */
const mostBars = 40;
const quietMs = 2000;

export async function createFollowView(
  io: Io,
  json: boolean,
  nodes: readonly NodeName[],
): Promise<FollowView> {
  if (json) {
    const lead = onNews(({ phase, lead: by, reason }) =>
      io.out(`${printableJson({ type: "rollout", phase, lead: by, reason })}\n`),
    );
    return changes((node, outcome) => io.out(`${printableJson({ type: "node", node, ...outcome })}\n`), lead);
  }
  if (!io.errTty || nodes.length > mostBars) {
    const lead = onNews((record) => io.err(`${leadLine(record)}\n`));
    return changes((node, outcome) => io.err(`${node}: ${nodeProgress(outcome)}\n`), lead);
  }
  // CommonJS: a bundle has its names on `default` only.
  const { default: progress } = await import("cli-progress");
  const bars = new progress.MultiBar(
    {
      format: "{node} {bar} {text}",
      hideCursor: true,
      clearOnComplete: false,
      autopadding: true,
      barsize: 24,
    },
    progress.Presets.shades_classic,
  );
  return barView(bars, nodes);
}

function leadLine({ phase, lead, reason }: RolloutRecord): string {
  const by = lead === undefined ? "" : ` (${printableLine(lead)} leads)`;
  return `rollout ${phase}: ${printableLine(reason)}${by}`;
}

/** Each new word of the lead once. */
function onNews(tell: (record: RolloutRecord) => void): (record: RolloutRecord) => void {
  let told = "";
  return (record) => {
    const news = `${record.phase} ${record.reason} ${record.lead ?? ""}`;
    if (news !== told) tell(record);
    told = news;
  };
}

/** Tells each change of a node once; bytes alone only as often as somebody reads a log. */
function changes(tell: (node: NodeName, outcome: NodeOutcome) => void, lead: FollowView["lead"]): FollowView {
  const told = new Map<NodeName, { step: string; text: string; atMs: number }>();
  return {
    update(outcomes) {
      for (const [node, outcome] of outcomes) {
        const step = JSON.stringify({ ...outcome, fetch: null });
        const now = { step, text: JSON.stringify(outcome), atMs: performance.now() };
        const before = told.get(node);
        const tooSoon = before?.step === step && now.atMs - before.atMs < quietMs;
        if (tooSoon || before?.text === now.text) continue;
        told.set(node, now);
        tell(node, outcome);
      }
    },
    lead,
    end: () => undefined,
  };
}

function barView(bars: MultiBar, nodes: readonly NodeName[]): FollowView {
  const width = Math.max(...nodes.map((node) => node.length));
  const byNode = new Map<NodeName, SingleBar>(
    nodes.map((node) => [node, bars.create(1, 0, { node: node.padEnd(width), text: "waiting" })]),
  );
  const rates = createRates();
  return {
    update(outcomes) {
      for (const [node, outcome] of outcomes) {
        const bar = byNode.get(node);
        const { done, total } = share(outcome);
        bar?.setTotal(Math.max(1, total));
        bar?.update(done, { text: `${nodeProgress(outcome)}${rates(node, outcome)}` });
      }
    },
    lead: onNews((record) => bars.log(`${leadLine(record)}\n`)),
    end: () => bars.stop(),
  };
}

function share(outcome: NodeOutcome): { done: number; total: number } {
  if (outcome.kind !== "waiting") return { done: 1, total: 1 };
  return { done: outcome.fetch?.doneBytes ?? 0, total: outcome.fetch?.totalBytes ?? 1 };
}

/** Bytes a second since the node was last looked at. */
function createRates(): (node: NodeName, outcome: NodeOutcome) => string {
  const last = new Map<NodeName, { atMs: number; done: number }>();
  return (node, outcome) => {
    if (outcome.kind !== "waiting" || outcome.fetch === null) return "";
    const now = { atMs: performance.now(), done: outcome.fetch.doneBytes };
    const before = last.get(node);
    last.set(node, now);
    if (before === undefined || now.atMs === before.atMs) return "";
    return ` ${bytes(Math.max(0, Math.round(((now.done - before.done) * 1000) / (now.atMs - before.atMs))))}/s`;
  };
}
