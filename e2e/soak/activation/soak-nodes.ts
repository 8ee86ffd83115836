// SHELL. The nodes of a soak: every system of scenarios.ts lies on each and is rooted, so that an order needs no download.
// What a node is then is kept aside, and given back to it when a trial leaves it in another state.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld } from "../../fleet/fleet-stage.ts";
import { startFleet, type Fleet } from "../../fleet/start-fleet.ts";
import type { Host } from "../../lab/host.ts";
import { hostFolder } from "../../lab/lab-state.ts";
import { installable } from "../../lab/os/build-systems.ts";
import { SystemIndex } from "../../lab/os/system-spec.ts";
import type { Report } from "../../lab/report.ts";
import { runTool } from "../../lab/run-tool.ts";
import { labelOf, soakAgentConfig, systemChanges, systemNames, type SystemName } from "./scenarios.ts";

export interface SoakNode {
  host: Host;
  /** Its store path on this node. */
  toplevelOf: (name: SystemName) => string;
  /** Back to `a`, as it was before the first trial. */
  reset: () => Promise<void>;
}

export async function startSoakNodes(count: number, report: Report): Promise<SoakNode[]> {
  const fleet = await startFleet({ nodes: count, probationSeconds: 1, report });
  const { code, stderr } = await deployWorld(fleet, labelOf("a"), { agentConfig: soakAgentConfig });
  if (code !== 0) throw new ChimeraError("rollout-failed", `deploy before the trials: ${stderr}`);
  report("system a is committed on every node");
  const built = await buildOnWs(fleet);
  report(`built ${Object.keys(built).length} systems on ws`);
  const nodes: SoakNode[] = [];
  for (const host of fleet.lab.nodes) {
    const toplevelOf = await copySystems(fleet, host, built);
    await saveUpper(host);
    nodes.push({ host, toplevelOf, reset: () => resetUpper(host) });
    report(`${host.name} holds all systems`);
  }
  return nodes;
}

async function buildOnWs(fleet: Fleet): Promise<SystemIndex> {
  const version = fleet.versions.first;
  const specs = fleet.lab.nodes.flatMap(({ name: node }) =>
    systemNames.map((name) => {
      const world = { label: labelOf(name), version, changes: systemChanges[name] };
      const spec = fleet.node(node, { ...world, agentConfig: soakAgentConfig });
      return [keyOf(node, name), { ...spec, host: node }] as const;
    }),
  );
  const read = await fleet.stageWorld("soak", Object.fromEntries(specs));
  const build = [
    "nix",
    "build",
    "--no-link",
    "--print-out-paths",
    ...installable({ read, write: read }, "index"),
  ];
  const ws = fleet.lab.host("ws");
  const index = (await ws.runChecked(build, { timeoutMs: 600_000 })).trim();
  return SystemIndex.parse(JSON.parse(await ws.runChecked(["cat", index])));
}

function keyOf(node: string, name: SystemName): string {
  return `${node}-${name}`;
}

/** $1 is the alien; prints what it became. */
const makeAlien = `
set -eu
work=$(mktemp -d)
cp -a "$1" "$work/alien"
chmod u+w "$work/alien" "$work/alien/system"
printf aarch64-linux > "$work/alien/system"
nix store add-path --name "$(basename "$1" | cut -d- -f2-)" "$work/alien"
rm -rf "$work"
`;

async function copySystems(
  fleet: Fleet,
  host: Host,
  built: SystemIndex,
): Promise<(name: SystemName) => string> {
  const ofNode = (name: SystemName) => required(built, keyOf(host.name, name));
  const paths = systemNames.map(ofNode);
  const copy = ["nix", "copy", "--no-check-sigs", "--to", `ssh://root@${host.name}`, ...paths];
  await fleet.lab.host("ws").runChecked(copy, { timeoutMs: 600_000 });
  const alien = (await host.runChecked(["/bin/sh", "-c", makeAlien, "sh", ofNode("alien")])).trim();
  await host.runChecked(["ln", "-sfn", "-t", "/nix/var/nix/gcroots", ...paths, alien]);
  return (name) => (name === "alien" ? alien : ofNode(name));
}

function required(index: SystemIndex, key: string): string {
  const path = index[key];
  if (path === undefined) throw new ChimeraError("not-found", `${key} was not built`);
  return path;
}

async function saveUpper(host: Host): Promise<void> {
  await host.shutdown();
  await copyUpper(host, { from: "upper", to: "upper.prepared" });
  await host.boot();
}

async function resetUpper(host: Host): Promise<void> {
  if (await host.isOn()) await host.powerCut();
  await copyUpper(host, { from: "upper.prepared", to: "upper" });
  await host.boot();
}

/** While the host is off; what overlayfs keeps in extended attributes comes along. */
async function copyUpper(host: Host, { from, to }: { from: string; to: string }): Promise<void> {
  const folder = hostFolder(host.name);
  await rm(join(folder, "work"), { recursive: true, force: true });
  await rm(join(folder, to), { recursive: true, force: true });
  await runTool(["cp", "-a", join(folder, from), join(folder, to)]);
}
