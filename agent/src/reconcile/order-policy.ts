/** PURE. How one order is carried out, settled when it begins: what the head says, else what the node's module says. */
import { AfterCommit, HealthCheck, maxChecks, maxUnitRules, UnitRule } from "@chimera/proto/health-check";
import { PanicReboot, RebootPolicy, RebootWindow } from "@chimera/proto/signed/head";
import { z } from "zod";

const checks = z.array(HealthCheck).max(maxChecks).default([]);
const units = z.array(UnitRule).max(maxUnitRules).default([]);

export const OrderPolicy = z.object({
  reboot: RebootPolicy.default("never"),
  rebootWindow: RebootWindow.nullable().default(null),
  acceptUnprotected: z.boolean().default(false),
  panicReboot: PanicReboot.default("never"),
  afterCommit: AfterCommit.default("alarm"),
  checks,
  units,
  /** Of these, what the head says: beside it stands what the wanted system declares. Null from agents of before. */
  ofHead: z.object({ checks, units }).nullable().default(null),
});
export type OrderPolicy = z.infer<typeof OrderPolicy>;

/** What an agent that knew no policy went by. */
export const plainPolicy: OrderPolicy = OrderPolicy.parse({});
