// PURE. What the hosts of a lab fleet run: their first systems, and the two worlds that are deployed.
import type { z } from "zod";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Boot, SystemSpec } from "../lab/os/system-spec.ts";
import { labApps } from "../lab/os/system-spec.ts";

export interface FleetFacts {
  fleetId: FleetId;
  /** Key set 1. */
  trustedKeys: Envelope;
  /** Nix's public key of whoever builds closures. */
  cacheKey: string;
  addresses: Readonly<Record<string, string>>;
  probationSeconds: number;
  /** Where nodes reach the controller: the hub itself, or whoever stands between. */
  controllerUrl: string;
  /** Nodes from which rollouts may be led. */
  leads: readonly string[];
  /** nats-server knows its users by passes. */
  passes: boolean;
  /** Of the nodes that are VMs. */
  boots: Readonly<Record<string, Boot>>;
}

export const hubUrl = "http://hub:7070";

/** Managed entries that tests and benchmarks tamper with. */
export const tamperLinks = Array.from({ length: 40 }, (_, i) => `lab/link-${i}`);
export const tamperFiles = Array.from({ length: 40 }, (_, i) => `lab/copy-${i}`);

const identity = "/var/lib/chimera/identity";

/** There is none at first: the agent asks the controller. */
function passOf({ passes }: FleetFacts): { passFile?: string } {
  return passes ? { passFile: `${identity}/nats.pass` } : {};
}

/** agent.json of one node (agent/src/config.ts). Short times, since a lab's units settle at once. */
function agentConfig(facts: FleetFacts, node: string) {
  return {
    node,
    fleetId: facts.fleetId,
    nats: { servers: ["nats://hub:4222"], seedFile: `${identity}/nats.seed`, ...passOf(facts) },
    controller: { url: facts.controllerUrl, tokenFile: `${identity}/token` },
    nodeKeyFile: `${identity}/node.key`,
    trustedKeys: facts.trustedKeys,
    nix: { trustedPublicKeys: [facts.cacheKey] },
    probationSeconds: facts.probationSeconds,
    activationSeconds: 60,
    ...(facts.leads.includes(node) && { lead: { eligible: true } }),
  };
}

/** One version of a node's system. */
export interface NodeWorld {
  label: string;
  version: string;
  changes?: Partial<SystemSpec>;
  /** What agent.json says beyond or instead of the usual. */
  agentConfig?: Readonly<Record<string, z.infer<ReturnType<typeof z.json>>>>;
}

/** A node's system; the label decides what differs from another world's. */
export function nodeSystem(facts: FleetFacts, node: string, world: NodeWorld): SystemSpec {
  return {
    roles: ["node"],
    label: world.label,
    version: world.version,
    ...machine(facts, node),
    ...bootOf(facts, node),
    agentConfig: { ...agentConfig(facts, node), ...world.agentConfig },
    // As the NixOS module does: `nix copy` to a node is judged by its own nix.conf.
    nix: { trustedPublicKeys: [facts.cacheKey] },
    apps: labApps(world.label),
    etc: {
      motd: { text: `This is ${node}, world ${world.label}.\n` },
      ...Object.fromEntries(tamperLinks.map((path) => [path, { text: `${path} of ${world.label}\n` }])),
      ...Object.fromEntries(
        tamperFiles.map((path) => [path, { text: `${path} of ${world.label}\n`, mode: "0640" }]),
      ),
    },
    ...world.changes,
  };
}

export function hubSystem(
  facts: FleetFacts,
  config: { version: string; controller: object; nats: string },
): SystemSpec {
  return {
    roles: ["hub"],
    label: "hub",
    version: config.version,
    ...machine(facts, "hub"),
    controllerConfig: JSON.parse(JSON.stringify(config.controller)),
    nats: { config: config.nats },
  };
}

export function workstationSystem(facts: FleetFacts, name: string, version: string): SystemSpec {
  return { roles: ["ws"], label: "ws", version, ...machine(facts, name) };
}

function bootOf(facts: FleetFacts, node: string) {
  const boot = facts.boots[node];
  return boot === undefined ? {} : { boot };
}

function machine(facts: FleetFacts, host: string) {
  return {
    network: { address: `${facts.addresses[host] ?? ""}/24` },
    hosts: { ...facts.addresses },
  };
}
