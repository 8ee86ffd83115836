/** SHELL. Leads hear each other: whoever leads says so every few seconds, and tells its runs apart. */
import { randomUUID } from "node:crypto";
import { Digest, type FleetId, type NodeName } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import type { Connection } from "../connection.ts";
import { parseBounded } from "../look/read-stored.ts";

const LeadBeat = z.object({ head: Digest, lead: z.string().max(64), run: z.uuid() });

export interface LeadBeats {
  say: (head: Digest) => void;
  /** When another lead of that head was last heard; minus infinity before. */
  lastHeardMs: (head: Digest) => number;
}

export interface LeadBeatsOptions {
  connection: Connection;
  fleetId: FleetId;
  me: NodeName;
  /** Any clock that does not step. */
  nowMs: () => number;
}

/** More heads than are ever led at once: anybody who may lead can name what he likes. */
const maxHeads = 16;

export function openLeadBeats({ connection, fleetId, me, nowMs }: LeadBeatsOptions): LeadBeats {
  const run = randomUUID();
  const heard = new Map<Digest, number>();
  connection.subscribe(subjects.lead(fleetId), (data) => {
    const beat = parseBounded(data, LeadBeat);
    if (beat.kind !== "found" || beat.value.run === run) return;
    const { head } = beat.value;
    heard.delete(head);
    heard.set(head, nowMs());
    const [oldest] = heard.keys();
    if (heard.size > maxHeads && oldest !== undefined) heard.delete(oldest);
  });
  return {
    say: (head) => void connection.publish(subjects.lead(fleetId), JSON.stringify({ head, lead: me, run })),
    lastHeardMs: (head) => heard.get(head) ?? Number.NEGATIVE_INFINITY,
  };
}
