// SHELL. Tampers with /etc of a lab node from inside and answers how long each change lasted.
import { build } from "esbuild";
import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../lab/host/host.ts";
import { TamperTrial, type TamperOrder } from "../probe/tamper-order.ts";
import { fleetFolder } from "./fleet-folder.ts";
import { tamperFiles, tamperLinks } from "./fleet-systems.ts";

const remoteProbe = "/root/tamper.mjs";

export async function tamperNode(
  node: Host,
  order: Pick<TamperOrder, "trials" | "pauseMs" | "timeoutMs">,
): Promise<TamperTrial[]> {
  const outfile = fleetFolder("probe", "tamper.mjs");
  const entryPoints = [join(import.meta.dirname, "../probe/tamper.ts")];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm", target: "node24" });
  await node.upload(outfile, remoteProbe);
  const links = tamperLinks.map((path) => `/etc/${path}`);
  const files = tamperFiles.map((path) => `/etc/${path}`);
  const printed = await node.runChecked([await nodeBinary(node), remoteProbe], {
    input: JSON.stringify({ links, files, ...order } satisfies TamperOrder),
    timeoutMs: 60_000 + order.trials * (order.pauseMs + order.timeoutMs),
  });
  const lines = printed.trim().split("\n");
  return z.array(TamperTrial).parse(lines.map((line): unknown => JSON.parse(line)));
}

/** The Node that the running agent itself runs with. */
async function nodeBinary(node: Host): Promise<string> {
  const pid = (await node.runChecked(["cat", "/run/chimera/agent.pid"])).trim();
  return (await node.runChecked(["readlink", `/proc/${z.coerce.number().int().parse(pid)}/exe`])).trim();
}
