/** PURE. Benchmarks only: who a process full of agents is, as the benchmark wrote it down. */
import { FleetId, NodeName } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { LeafProof } from "@chimera/proto/signed/world";
import { z } from "zod";

export const CrowdMember = z.strictObject({
  node: NodeName,
  /** Of its nkey. */
  seed: z.string().max(256),
  /** With which it signs. */
  secretKey: z.string().max(256),
  /** Its leaf in the world of the first head. */
  proof: LeafProof,
});
export type CrowdMember = z.infer<typeof CrowdMember>;

export const CrowdPlan = z.strictObject({
  /** `echo`: connections alone, which answer every message at once: what the broker itself costs. */
  mode: z.enum(["agent", "echo"]),
  servers: z.array(z.string().max(256)).min(1),
  fleetId: FleetId,
  trustedKeys: Envelope,
  /** Which each has accepted and committed before it starts. */
  head: Envelope,
  /** State folders are made in here, one an agent. */
  folder: z.string().max(1024),
  members: z.array(CrowdMember).min(1).max(10_000),
});
export type CrowdPlan = z.infer<typeof CrowdPlan>;
