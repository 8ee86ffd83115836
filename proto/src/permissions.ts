/**
 * PURE. What a node may do in NATS: an allow list, from the first day. No `$JS.API.>`, no `_INBOX.>`, no
 * deny rule (deny rules of nats-server were bypassed more than once).
 */
import { subjects, type DesiredKind } from "./subjects.ts";

export interface Permissions {
  publish: { allow: string[] };
  subscribe: { allow: string[] };
}

const read: DesiredKind[] = ["head", "panic", "keys", "quarantine", "fresh"];

export function nodePermissions(fleet: string, node: string): Permissions {
  return {
    publish: {
      allow: [
        ...read.map((kind) => subjects.desiredGet(kind, fleet)),
        subjects.status(fleet, node),
        subjects.beat(fleet, node),
        subjects.health(fleet, node),
        subjects.hardware(fleet, node),
        subjects.ack(fleet, node),
        `chimera.${fleet}.event.${node}.*`,
      ],
    },
    subscribe: {
      allow: [
        ...read.map((kind) => subjects.desired(kind, fleet)),
        subjects.cmd(fleet, node),
        `${subjects.inboxPrefix(node)}.>`,
      ],
    },
  };
}
