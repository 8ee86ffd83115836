/**
 * PURE. What a node, the controller, and an operator without the controller, may do in NATS: an allow list, from the first day. For
 * nodes and operators no `$JS.API.>`; for nobody `_INBOX.>`, nor a deny rule (deny rules of nats-server were bypassed more than once).
 */
import { buckets, desiredKinds, subjects } from "./subjects.ts";

export interface Permissions {
  publish: { allow: string[] };
  subscribe: { allow: string[] };
}

/** What a node that may lead rollouts may do on top: hear the fleet, write the record, lay receipts ready. */
export function leadPermissions(fleet: string, node: string): Permissions {
  const { publish, subscribe } = nodePermissions(fleet, node);
  return {
    publish: {
      allow: [
        ...publish.allow,
        subjects.statusGet(fleet, "*"),
        subjects.rolloutAskGet(fleet),
        subjects.desired("rollout", fleet),
        subjects.waveReceipts(fleet, "*"),
        subjects.lead(fleet),
      ],
    },
    subscribe: {
      allow: [...subscribe.allow, subjects.status(fleet, "*"), subjects.all.beats(fleet)],
    },
  };
}

export function nodePermissions(fleet: string, node: string): Permissions {
  return {
    publish: {
      allow: [
        ...desiredKinds.map((kind) => subjects.desiredGet(kind, fleet)),
        subjects.keySetGet(fleet, "*"),
        subjects.waveReceiptsGet(fleet, "*"),
        subjects.status(fleet, node),
        subjects.beat(fleet, node),
        subjects.health(fleet, node),
        subjects.hardware(fleet, node),
        subjects.ack(fleet, node),
        `chimera.${fleet}.event.${node}.*`,
        subjects.session(fleet, node, "*"),
        subjects.sessionPage(fleet, node, { session: "*", page: "*" }),
        subjects.sessionView(fleet, node, { session: "*", viewer: "*" }),
      ],
    },
    subscribe: {
      allow: [
        ...desiredKinds.map((kind) => subjects.desired(kind, fleet)),
        subjects.keySet(fleet, "*"),
        subjects.lead(fleet),
        subjects.cmd(fleet, node),
        subjects.sessionKeys(fleet, node, "*"),
        `${subjects.inboxPrefix(node)}.>`,
      ],
    },
  };
}

/**
 * A panic and what it needs, when no controller is there to release it, and watching sessions: `nkey` is the operator's own. On `cmd` a node
 * takes what is signed, or an ask to be shown something; keys it takes from nobody who was not given the keyboard by a signed order.
 */
export function operatorPermissions(fleet: string, nkey: string): Permissions {
  return {
    publish: {
      allow: [
        subjects.desiredGet("head", fleet),
        subjects.desiredGet("panic", fleet),
        subjects.panicReadyGet(fleet),
        subjects.keySetGet(fleet, "*"),
        subjects.statusGet(fleet, "*"),
        subjects.desired("panic", fleet),
        subjects.cmd(fleet, "*"),
        subjects.sessionKeys(fleet, "*", "*"),
        subjects.sessionGet(fleet, "*", "*"),
        subjects.sessionsGet,
      ],
    },
    subscribe: {
      allow: [
        subjects.desired("panic", fleet),
        subjects.all.acks(fleet),
        subjects.status(fleet, "*"),
        subjects.session(fleet, "*", "*"),
        subjects.sessionView(fleet, "*", { session: "*", viewer: "*" }),
        `${subjects.inboxPrefix(nkey)}.>`,
      ],
    },
  };
}

/** Streams are its to make; what nodes do is not. */
export function controllerPermissions(fleet: string): Permissions {
  return {
    publish: {
      allow: [
        "$JS.API.>",
        `$KV.${buckets.desired}.>`,
        subjects.audit(fleet),
        subjects.build(fleet, "*"),
        subjects.cmd(fleet, "*"),
        subjects.sessionKeys(fleet, "*", "*"),
      ],
    },
    subscribe: {
      allow: [`${subjects.inboxPrefix(controllerName)}.>`, `$KV.${buckets.status}.>`, `chimera.${fleet}.>`],
    },
  };
}

/** The controller's replies come under this name: no node may have it. */
export const controllerName = "controller";
