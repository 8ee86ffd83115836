// SHELL. The lab's own network: one bridge, one /24 that nothing else on this machine uses, no way out.
import { networkInterfaces } from "node:os";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import type { HostKind } from "../lab-state.ts";
import { inLane, lane } from "../lane.ts";
import { runTool } from "../tools/run-tool.ts";

export const bridgeName = inLane("chimera-lab");

/** Closures that carry an address are built for the first; the others are for machines where it is taken. */
const candidates = [
  `10.87.${30 + lane}`,
  `172.29.${86 + lane}`,
  `192.168.${186 + lane}`,
  `10.213.${76 + lane}`,
];

const Routes = z.array(z.object({ dst: z.string().max(64) })).max(100_000);
const Links = z.array(z.object({ ifname: z.string().max(64).optional() })).max(10_000);

/** The first three numbers of a /24 that no route and no address of this machine overlaps. */
export async function freeSubnet(): Promise<string> {
  const table = ["ip", "-json", "-4", "route", "show", "table", "all"];
  const routes = Routes.parse(JSON.parse((await runTool(table)) || "[]"));
  const ownRoutes = await subnetsOfBridge();
  const taken = routes
    .map((route) => route.dst)
    .filter((dst) => !ownRoutes.some((own) => dst.startsWith(own)));
  const free = candidates.find((subnet) => !taken.some((dst) => overlaps(dst, subnet)));
  if (free !== undefined) return free;
  throw new ChimeraError(
    "tool-failed",
    `every network the lab could use is routed here: ${candidates.join(", ")}`,
  );
}

/** An interrupted lab's bridge is ours and goes before the next one comes. */
function subnetsOfBridge(): Promise<string[]> {
  const addresses = networkInterfaces()[bridgeName] ?? [];
  return Promise.resolve(
    addresses.flatMap((a) => (a.family === "IPv4" ? [`${a.address.split(".").slice(0, 3).join(".")}.`] : [])),
  );
}

/** Whether a route's destination and the /24 share an address. */
export function overlaps(destination: string, subnet: string): boolean {
  if (destination === "default") return false;
  const [address = "", length = "32"] = destination.split("/");
  const bits = Math.min(Number(length), 24);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return (toNumber(address) & mask) >>> 0 === (toNumber(`${subnet}.0`) & mask) >>> 0;
}

/** Address of this machine on the bridge. */
export function machineAddress(subnet: string): string {
  return `${subnet}.254`;
}

/** `index` is 1 for the first of its kind. */
export function hostAddress(subnet: string, host: { kind: HostKind; index: number }): string {
  switch (host.kind) {
    case "hub":
      return `${subnet}.10`;
    case "ws":
      return `${subnet}.${10 + host.index}`;
    case "node":
      return `${subnet}.${100 + host.index}`;
  }
}

export async function makeBridge(subnet: string): Promise<void> {
  await runTool(["ip", "link", "add", bridgeName, "type", "bridge"]);
  await runTool(["ip", "addr", "add", `${machineAddress(subnet)}/24`, "dev", bridgeName]);
  await runTool(["ip", "link", "set", bridgeName, "up"]);
}

export async function removeBridge(): Promise<void> {
  const links = await linkNames([]);
  if (!links.includes(bridgeName)) return;
  // A veth whose other end's namespace has gone is gone too; one that nspawn left before it could move it is not.
  for (const name of await linkNames(["master", bridgeName]))
    await runTool(["ip", "link", "del", name]).catch(gone);
  await runTool(["ip", "link", "del", bridgeName]);
}

async function linkNames(selector: readonly string[]): Promise<string[]> {
  const text = await runTool(["ip", "-json", "link", "show", ...selector]);
  return Links.parse(JSON.parse(text || "[]")).flatMap((link) =>
    link.ifname === undefined ? [] : [link.ifname],
  );
}

function gone(): void {
  // The kernel was quicker.
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
