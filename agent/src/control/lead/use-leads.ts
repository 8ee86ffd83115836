/** SHELL. Tests only: for each test a nats-server, a fleet that is played, and leads on it with the permissions of a node that may lead. */
import { Digest, type NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { afterEach, beforeEach } from "vitest";
import { fleetId, node as me, sealOrder, signers } from "../fleet-fixture.ts";
import { createNatsFixture, type NatsFixture } from "../nats-fixture.ts";
import { startLead, type LeadStart, type PlayedLead } from "./played-lead.ts";
import { namesOf, playFleet, type Fate, type PlayedFleet } from "./played-fleet.ts";

/** Waits that suit leads whose clock runs five times as fast. */
export const patient = { timeout: 45_000, interval: 50 };
export const headId = Digest.parse("b".repeat(64));
export const waves = [namesOf("n1"), namesOf("n2", "n3"), namesOf("n4")];
const policy: RolloutPolicy = {
  waves: waves.map((wave) => ({ list: headId, size: wave.length })),
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 50,
  deadline: null,
  onDeadline: "hold",
};

interface Ground {
  nats: NatsFixture;
  fleet: PlayedFleet;
}

interface Leads {
  ground: () => Ground;
  /** What becomes of each node that is let go; it commits. */
  play: (fates?: Record<NodeName | string, Fate>) => Promise<void>;
  start: (name: string, how?: LeadStart) => PlayedLead;
  /** What an operator signs. */
  asking: (ask: "pause" | "resume" | "abort", by?: typeof signers.order) => Promise<void>;
}

export function useLeads(): Leads {
  let ground: Partial<Ground> = {};
  const leads: PlayedLead[] = [];
  const now = (): Ground => {
    const { nats, fleet } = ground;
    if (nats === undefined || fleet === undefined) throw new Error("nothing is played yet");
    return { nats, fleet };
  };
  beforeEach(async () => {
    const nats = await createNatsFixture(fleetId, me, { isLead: true });
    ground = { nats };
    await nats.start();
  });
  afterEach(async () => {
    ground.fleet?.stop();
    for (const lead of leads.splice(0)) lead.die();
    await ground.nats?.dispose();
  });
  return {
    ground: now,
    async play(fates = {}) {
      const client = await ground.nats?.operator();
      if (client === undefined) throw new Error("there is no nats-server");
      ground = { ...ground, fleet: await playFleet(client, { head: headId, waves, fates }) };
    },
    start(name, how = {}) {
      const lead = startLead(name, { ...now(), policy, waves, head: headId }, how);
      leads.push(lead);
      return lead;
    },
    asking: (ask, by = signers.order) =>
      now().fleet.putAsk(sealOrder({ kind: "rollout", head: headId, ask }, { nodes: "all" }, by)),
  };
}
