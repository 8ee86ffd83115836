/** PURE. What a node said, from the bytes of a message; a message about another node than its subject's is refused. */
import { BuildStatus } from "@chimera/proto/build-status";
import { Envelope, payloadType } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import { Hardware } from "@chimera/proto/hardware";
import { HealthSample } from "@chimera/proto/health";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { Beat, NodeStatus } from "@chimera/proto/status";
import { z } from "zod";

export type ObservationKind = "status" | "beat" | "health" | "hardware" | "build";

export type Observation =
  | { kind: "status"; envelope: Envelope; status: NodeStatus }
  | { kind: "beat"; beat: z.infer<typeof Beat>; at: string }
  | { kind: "health"; health: HealthSample }
  | { kind: "hardware"; hardware: Hardware }
  | { kind: "build"; build: BuildStatus };

export interface RawObservation {
  kind: ObservationKind;
  node: NodeName;
  text: string;
  /** When it arrived, as ISO time. */
  at: string;
}

/** Throws input-invalid, fleet-mismatch or signature-invalid (wrong payload type). */
export function decodeObservation({ kind, node, text, at }: RawObservation, fleetId: FleetId): Observation {
  switch (kind) {
    case "status":
      return decodeStatus(text, node, fleetId);
    case "beat":
      return { kind, beat: parse(text, Beat), at };
    case "health":
      return { kind, health: own(parse(text, HealthSample), node) };
    case "hardware":
      return { kind, hardware: own(parse(text, Hardware), node) };
    case "build":
      return { kind, build: own(parse(text, BuildStatus), node) };
  }
}

/** The signature is checked when the status is shown, with the key that is registered then. */
function decodeStatus(text: string, node: NodeName, fleetId: FleetId): Observation {
  const envelope = parse(text, Envelope);
  if (envelope.payloadType !== payloadType("status")) {
    throw new ChimeraError("signature-invalid", `${node} sent a ${envelope.payloadType} as its status`);
  }
  const payload = Buffer.from(envelope.payload, "base64").toString("utf8");
  const status = own(parse(payload, NodeStatus), node);
  if (status.fleetId !== fleetId) {
    throw new ChimeraError("fleet-mismatch", `the status of ${node} is for fleet ${status.fleetId}`);
  }
  return { kind: "status", envelope, status };
}

function own<T extends { node: string }>(document: T, node: NodeName): T {
  if (document.node === node) return document;
  throw new ChimeraError("input-invalid", `${node} spoke for ${document.node}`);
}

function parse<T>(text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ChimeraError("input-invalid", "a message is not JSON", { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", z.prettifyError(result.error));
}
