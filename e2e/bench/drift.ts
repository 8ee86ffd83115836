// SHELL. Bench `drift`: on a real node with 1,000 managed entries, from the end of a change in /etc to the first look that finds it as before.
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { tamperNode } from "../fleet/tamper-node.ts";
import type { Report } from "../lab/report.ts";
import { allTamperKinds } from "../probe/tamper-order.ts";
import { aidePeer } from "./aide-peer.ts";
import { withFleet } from "./bench-fleet.ts";
import { sweepCpu } from "./sweep-cpu.ts";
import { percentiles, spread, type Figure } from "./figures.ts";

const trials = 2_040;
const timeoutMs = 70_000;

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const links = upTo(400).map((i) => `bench/links-${i % 10}/link-${i}`);
const files = upTo(420).map((i) => `bench/files-${i % 10}/copy-${i}`);
// So many, since a path that is changed ten times a minute is left alone.
const folders = upTo(60).map((i) => `bench/folder-${i}`);
const inFolders = folders.flatMap((folder) => upTo(3).map((i) => `${folder}/entry-${i}`));

const inEtc = (paths: readonly string[]) => paths.map((path) => `/etc/${path}`);

const etc = Object.fromEntries([
  ...[...links, ...inFolders].map((path) => [path, { text: `${path}\n` }]),
  ...files.map((path) => [path, { text: `${path}\n`, mode: "0640" }]),
]);

export function drift(report: Report): Promise<Figure[]> {
  return withFleet(report, { nodes: 1 }, async (fleet) => {
    const { code, stderr } = await deployWorld(fleet, "bench", { changes: { etc } });
    if (code !== 0) throw new ChimeraError("rollout-failed", `deploy of 1,000 entries: ${stderr}`);
    const node = fleet.lab.host("n1");
    report(`${trials} tamperings of ${allTamperKinds.length} kinds on n1`);
    const done = await tamperNode(node, {
      links: inEtc(links),
      files: inEtc(files),
      folders: inEtc(folders),
      kinds: [...allTamperKinds],
      trials,
      pauseMs: 60,
      timeoutMs,
    });
    const peer = await aidePeer(node, report);
    return [...figuresOf(done, peer), ...(await sweepCpu(fleet, etc, report))];
  });
}

type Trials = Awaited<ReturnType<typeof tamperNode>>;

/** One that was not put back counts with the whole time it was given, and no figure is ok then. */
function figuresOf(done: Trials, peer: Awaited<ReturnType<typeof aidePeer>>): Figure[] {
  const lost = done.filter(({ ms }) => ms === null).length;
  const msOf = (trial: Trials[number]) => trial.ms ?? timeoutMs;
  const figure = (name: string, samples: readonly number[]) => {
    const made = percentiles(name, samples, { unit: "ms", bounds: { p50: 20, p99: 250 } });
    return { ...made, ok: made.ok && lost === 0 };
  };
  const restored = done.map(msOf);
  const ratio = Math.round((spread(restored).p50 / peer.value) * 10_000) / 10_000;
  return [
    { ...figure("restore_ms", restored), peers: [{ ...peer, ratio }] },
    ...allTamperKinds.map((kind) =>
      figure(`restore_ms, ${kind}`, done.filter((trial) => trial.kind === kind).map(msOf)),
    ),
  ];
}
