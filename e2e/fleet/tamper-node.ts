// SHELL. Tampers with /etc of a lab node from inside and answers how long each change lasted.
import { z } from "zod";
import type { Host } from "../lab/host/host.ts";
import { tamperKinds, TamperTrial, type TamperOrder } from "../probe/tamper-order.ts";
import { tamperFiles, tamperLinks } from "./fleet-systems.ts";
import { runProbe } from "./run-probe.ts";

/** In six ways and of the entries that every world has, unless told otherwise. */
export async function tamperNode(
  node: Host,
  order: Pick<TamperOrder, "trials" | "pauseMs" | "timeoutMs"> & Partial<TamperOrder>,
): Promise<TamperTrial[]> {
  const usual = {
    links: tamperLinks.map((path) => `/etc/${path}`),
    files: tamperFiles.map((path) => `/etc/${path}`),
    folders: [],
    kinds: [...tamperKinds],
  };
  const printed = await runProbe(node, {
    name: "tamper",
    input: { ...usual, ...order } satisfies TamperOrder,
    timeoutMs: 60_000 + order.trials * (order.pauseMs + order.timeoutMs),
  });
  const lines = printed.trim().split("\n");
  return z.array(TamperTrial).parse(lines.map((line): unknown => JSON.parse(line)));
}
