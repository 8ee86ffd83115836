/** SHELL. Leads hear each other: whoever leads says so every few seconds, and tells its runs apart. */
import { randomUUID } from "node:crypto";
import { Digest, type FleetId, type NodeName } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import type { Connection } from "../connection.ts";
import { parseBounded } from "../look/read-stored.ts";

const LeadBeat = z.object({ head: Digest, lead: z.string().max(64), run: z.uuid() });

export interface LeadBeats {
  say: () => void;
  /** When another lead of this head was last heard; minus infinity before. */
  lastHeardMs: () => number;
}

export interface LeadBeatsOptions {
  connection: Connection;
  fleetId: FleetId;
  me: NodeName;
  head: Digest;
  /** Any clock that does not step. */
  nowMs: () => number;
}

export function openLeadBeats({ connection, fleetId, me, head, nowMs }: LeadBeatsOptions): LeadBeats {
  const run = randomUUID();
  let heardMs = Number.NEGATIVE_INFINITY;
  connection.subscribe(subjects.lead(fleetId), (data) => {
    const beat = parseBounded(data, LeadBeat);
    if (beat.kind === "found" && beat.value.head === head && beat.value.run !== run) heardMs = nowMs();
  });
  return {
    say: () => void connection.publish(subjects.lead(fleetId), JSON.stringify({ head, lead: me, run })),
    lastHeardMs: () => heardMs,
  };
}
