/** What goes over ssh, from the golden documents themselves. */
import type { z } from "zod";
import { Delivery, NodeReport } from "../src/delivery.ts";
import { LocalRequest } from "../src/local-api.ts";

type Golden = Record<string, { schema: z.ZodType; message: unknown }>;

export function goldenDelivery(golden: Golden): Golden {
  const of = (name: string): unknown => golden[name]?.message;
  const head = { envelope: of("head-envelope"), proof: of("leaf-proof") };
  const panic = { envelope: of("panic-envelope"), undone: of("head-envelope") };
  const documents = { keySets: [of("key-set-envelope")], fresh: of("status-envelope"), panic, head };
  const fleetId = "f".repeat(64);
  const message = { v: 1, kind: "delivery", fleetId, node: "n2", documents, closure: of("closure-list") };
  const report = {
    status: of("status-envelope"),
    keys: of("key-set-envelope"),
    head: of("head-envelope"),
    panic: null,
    rollout: of("rollout-record"),
    proofs: [of("leaf-proof")],
  };
  return {
    delivery: { schema: Delivery, message },
    "node-report": { schema: NodeReport, message: report },
    "local-request-deliver": { schema: LocalRequest, message: { v: 1, command: "deliver", documents } },
    "local-request-report": { schema: LocalRequest, message: { v: 1, command: "report" } },
  };
}
