/** SHELL. Keeps the projection of the fleet up to date: one plain subscription a kind, and the last values after each connect. */
import { errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { NodeName, type FleetId } from "@chimera/proto/names";
import { buckets, streams, subjects } from "@chimera/proto/subjects";
import { decodeObservation, type ObservationKind } from "../fleet/decode-observation.ts";
import type { Projection } from "../fleet/projection.ts";
import type { NatsLink } from "./connection.ts";
import { readLast } from "./read-stream.ts";

interface Source {
  kind: ObservationKind;
  subject: string;
  /** Where the last values are kept; a beat is kept nowhere. */
  stream?: string;
}

export interface FollowOptions {
  link: NatsLink;
  fleetId: FleetId;
  projection: Projection;
  log: Log;
}

/** Returns what must run after each connect: it reads again what was said while nobody listened. */
export function followNodes({ link, fleetId, projection, log }: FollowOptions): () => Promise<void> {
  const sources = sourcesOf(fleetId);
  function take(kind: ObservationKind, subject: string, text: string) {
    const node = NodeName.safeParse(nodeOf(subject));
    if (!node.success) return;
    try {
      const at = new Date().toISOString();
      projection.apply(node.data, decodeObservation({ kind, node: node.data, text, at }, fleetId));
    } catch (error) {
      // One node that talks nonsense must not take the others' last values away.
      log.warn({ node: node.data, kind, reason: errorChain(error).slice(0, 500) }, "node message refused");
    }
  }
  for (const { kind, subject } of sources) {
    link.subscribe(subject, (message) => take(kind, message.subject, message.string()));
  }
  return async () => {
    for (const { kind, subject, stream } of sources) {
      if (stream === undefined) continue;
      for (const message of await readLast(link, stream, subject)) {
        if (message.data.length > 0) take(kind, message.subject, message.string());
      }
    }
  };
}

function sourcesOf(fleet: FleetId): Source[] {
  return [
    { kind: "status", subject: subjects.status(fleet, "*"), stream: `KV_${buckets.status}` },
    { kind: "beat", subject: subjects.all.beats(fleet) },
    { kind: "health", subject: subjects.health(fleet, "*"), stream: streams.health },
    { kind: "hardware", subject: subjects.hardware(fleet, "*"), stream: streams.hardware },
    { kind: "build", subject: subjects.build(fleet, "*"), stream: streams.build },
  ];
}

/** The node is the last token of each of these subjects. */
function nodeOf(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}
