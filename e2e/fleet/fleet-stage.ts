// SHELL. What scenarios keep doing with a lab fleet: deploy a world, read a node's view, its pointers and its events.
import type { HostRunResult } from "../lab/host/host-run.ts";
import type { NodeView } from "@chimera/proto/api";
import { errorChain } from "@chimera/proto/errors";
import { z } from "zod";
import type { SystemSpec } from "../lab/os/system-spec.ts";
import { waitUntil } from "../lab/wait-until.ts";
import type { Host } from "../lab/host/host.ts";
import { bootDefaultOf } from "../lab/vm/read-boot-entries.ts";
import type { NodeWorld } from "./fleet-systems.ts";
import { operatorOf } from "./operator.ts";
import type { Fleet } from "./start-fleet.ts";

export interface WorldOptions {
  version?: string;
  /** Of each node's system. */
  changes?: Partial<SystemSpec>;
  /** What agent.json says beyond or instead of the usual. */
  agentConfig?: NodeWorld["agentConfig"];
  nodes?: readonly string[];
  /** Further arguments of `chimera deploy`. */
  args?: readonly string[];
  /** Who types it; absent: who made the fleet. */
  person?: string;
}

/** Builds and deploys on ws as an operator would; any exit code. */
export async function deployWorld(
  fleet: Fleet,
  label: string,
  options: WorldOptions = {},
): Promise<HostRunResult> {
  return worldCommand(fleet, label, { ...options, command: "deploy" });
}

/** Builds on ws, and shows what a deployment would do; any exit code. */
export async function planWorld(
  fleet: Fleet,
  label: string,
  options: WorldOptions = {},
): Promise<HostRunResult> {
  return worldCommand(fleet, label, { ...options, command: "plan" });
}

async function worldCommand(
  fleet: Fleet,
  label: string,
  { command, ...options }: WorldOptions & { command: "deploy" | "plan" },
): Promise<HostRunResult> {
  const { version = fleet.versions.first, changes = {}, agentConfig = {}, args = [] } = options;
  const nodes = options.nodes ?? fleet.lab.nodes.map(({ name }) => name);
  const specs = nodes.map(
    (node) => [node, fleet.node(node, { label, version, changes, agentConfig })] as const,
  );
  const folder = await fleet.stageWorld(label, Object.fromEntries(specs));
  return operatorOf(fleet.lab, options.person).run([command, "--file", `${folder}/chimera.toml`, ...args], {
    timeoutMs: 300_000,
  });
}

export async function viewOf(fleet: Fleet, node: string): Promise<NodeView> {
  const view = (await operatorOf(fleet.lab).nodes()).find((one) => one.node === node);
  if (view === undefined) throw new Error(`status does not list ${node}`);
  return view;
}

/** Polls a node's view until the condition holds; a controller that just begins is waited for. */
export async function waitView(
  fleet: Fleet,
  node: string,
  condition: (view: NodeView) => boolean,
): Promise<NodeView> {
  let last: NodeView | undefined;
  let refused = "";
  const look = async () => {
    try {
      last = await viewOf(fleet, node);
    } catch (error) {
      refused = errorChain(error);
      return false;
    }
    refused = "";
    return condition(last) && last;
  };
  try {
    return await waitUntil(`${node} as expected`, look, { timeoutMs: 90_000, everyMs: 200 });
  } catch (cause) {
    throw new Error(`last view of ${node}: ${JSON.stringify(last?.status)} ${refused}`, { cause });
  }
}

/** Polls until `status --failed` names exactly these. */
export async function waitFailed(fleet: Fleet, nodes: readonly string[]): Promise<NodeView[]> {
  const operator = operatorOf(fleet.lab);
  let last: NodeView[] = [];
  const look = async () => {
    last = await operator.nodes("--failed");
    return JSON.stringify(last.map(({ node }) => node)) === JSON.stringify(nodes) && last;
  };
  try {
    return await waitUntil("those that need attention", look, { timeoutMs: 30_000, everyMs: 300 });
  } catch (cause) {
    throw new Error(`need attention: ${JSON.stringify(last.map(({ status }) => status))}`, { cause });
  }
}

/** What the machine itself says, not what it reports. */
export async function pointersOf(host: Host) {
  const read = async (path: string) => (await host.run(["readlink", "-f", path])).stdout.trim();
  const plain = await host.run(["cat", "/boot/default"]);
  return {
    current: await read("/run/current-system"),
    profile: await read("/nix/var/nix/profiles/system"),
    bootDefault: plain.code === 0 ? plain.stdout.trim() : ((await bootDefaultOf(host)) ?? ""),
  };
}

/** Process id of the agent now; undefined while there is none. */
export async function agentPid(host: Host): Promise<number | undefined> {
  const { code, stdout } = await host.run(["cat", "/run/chimera/agent.pid"]);
  if (code !== 0) return undefined;
  const pid = z.coerce.number().int().positive().safeParse(stdout.trim());
  if (!pid.success) return undefined;
  return (await host.run(["kill", "-0", `${pid.data}`])).code === 0 ? pid.data : undefined;
}

/** Whether the agent that runs says that nothing is half done, and that it stays. */
export async function isResting(host: Host): Promise<boolean> {
  const { code, stdout } = await host.run(["cat", "/run/chimera/at-rest"]);
  return code === 0 && Number(stdout.trim()) === (await agentPid(host));
}
