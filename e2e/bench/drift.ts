// SHELL. Bench `drift`: on a real node, from the end of a change in /etc to the first look that finds it as before.
import { tamperNode } from "../fleet/tamper-node.ts";
import type { Report } from "../lab/report.ts";
import { tamperKinds } from "../probe/tamper-order.ts";
import { aidePeer } from "./aide-peer.ts";
import { withFleet } from "./bench-fleet.ts";
import { percentiles, spread, type Figure } from "./figures.ts";

const trials = 200;
const timeoutMs = 70_000;

export function drift(report: Report): Promise<Figure[]> {
  return withFleet(report, 1, async (fleet) => {
    const node = fleet.lab.host("n1");
    report(`${trials} tamperings of ${tamperKinds.length} kinds on n1`);
    const done = await tamperNode(node, { trials, pauseMs: 120, timeoutMs });
    // One that was not put back counts with the whole time it was given, and no figure is ok then.
    const lost = done.filter(({ ms }) => ms === null).length;
    const peer = await aidePeer(node, report);
    const figure = (name: string, samples: readonly number[]) => {
      const made = percentiles(name, samples, { unit: "ms", bounds: { p50: 50, p99: 250 } });
      return { ...made, ok: made.ok && lost === 0 };
    };
    const msOf = (trial: (typeof done)[number]) => trial.ms ?? timeoutMs;
    const restored = done.map(msOf);
    const ratio = Math.round((spread(restored).p50 / peer.value) * 10_000) / 10_000;
    return [
      { ...figure("restore_ms", restored), peers: [{ ...peer, ratio }] },
      ...tamperKinds.map((kind) =>
        figure(`restore_ms, ${kind}`, done.filter((trial) => trial.kind === kind).map(msOf)),
      ),
    ];
  });
}
