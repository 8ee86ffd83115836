/**
 * PURE. The keys that make passes (NATS: scoped signing keys), one a role. A pass that such a key signs may do what the role's template
 * says, and nats-server refuses one that says anything itself; so whoever steals the key can be any one of that role and nothing else.
 */
import {
  controllerPermissions,
  leadPermissions,
  nodePermissions,
  operatorPermissions,
  controllerName,
  type Permissions,
} from "../permissions.ts";
import { buckets, subjects } from "../subjects.ts";

/** `node` alone is held by the controller; the others stay with the fleet's owner. */
export const issuerRoles = ["node", "lead", "controller", "operator"] as const;
export type IssuerRole = (typeof issuerRoles)[number];

export interface Template {
  pub: { allow: string[]; deny?: string[] };
  sub: { allow: string[]; deny?: string[] };
  /** -1: what the server itself allows. */
  subs: number;
  data: number;
  payload: number;
  /** No leaf node, WebSocket or MQTT. */
  allowed_connection_types: string[];
}

/** What nats-server puts in from the pass: its name, and its public nkey. */
const name = "{{name()}}";
const nkey = "{{subject()}}";

/** The same permissions as in a configuration with a list of nkeys: there is one text for both. */
export function templateOf(role: IssuerRole, fleet: string): Template {
  switch (role) {
    case "node":
      return guarded(nodePermissions(fleet, name));
    case "lead":
      return guarded(leadPermissions(fleet, name));
    case "controller":
      return template(controllerPermissions(fleet));
    case "operator":
      return template(operatorPermissions(fleet, nkey));
  }
}

/** The only thing that is asked of the system account: to take an account's new JWT, and to show what it has. */
export const systemName = "system" as const;

export function systemTemplate(account: string): Template {
  return template({
    publish: { allow: [claimsUpdate, claimsLookup(account)] },
    subscribe: { allow: [`${subjects.inboxPrefix(systemName)}.>`] },
  });
}

export const claimsUpdate = "$SYS.REQ.CLAIMS.UPDATE";
export const claimsLookup = (account: string) => `$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`;

function template({ publish, subscribe }: Permissions): Template {
  return {
    pub: publish,
    sub: subscribe,
    subs: -1,
    data: -1,
    payload: -1,
    allowed_connection_types: ["STANDARD"],
  };
}

/**
 * nats-server 2.15.1 takes a pass whose name is `*` or `>`, and fills it in as a wildcard: the key would be all nodes at once. Where the name
 * stands here no fleet id is a node's, so that this denies nothing to a name of one word, everything of nodes to `*`, and makes of
 * `>` a subject that is none, for which the server refuses the pass.
 */
function guarded(permissions: Permissions): Template {
  const own = template(permissions);
  const chimera = `chimera.${name}.>`;
  return {
    ...own,
    pub: { ...own.pub, deny: [chimera, `$KV.${buckets.status}.${name}.>`] },
    sub: { ...own.sub, deny: [chimera, `${subjects.inboxPrefix(controllerName)}.>`] },
  };
}
