/** PURE. What `chimera init` tells the operator: what to put on nodes and what to keep away from machines. */

export interface MadeFleet {
  fleetId: string;
  context: string;
  folder: string;
  trust: { publish: { keys: readonly string[]; threshold: number } };
  cachePublicKey: string;
}

export function newFleetText({ fleetId, context, folder, trust, cachePublicKey }: MadeFleet): string {
  const keys = trust.publish.keys.map((key) => `"${key}"`).join(" ");
  return `fleet ${fleetId}
keys in ${folder}, context "${context}" is the current one

Keep offline (on a stick, in a safe; nothing daily needs them):
  ${folder}/root.key    signs the next key set
  ${folder}/panic.key   undoes a head when the publish key is lost
Needed here: publish.key signs heads, order.key signs orders to nodes, cache.key signs closures.

In the configuration of every node:
  services.chimera.agent = {
    fleetId = "${fleetId}";
    trust.publish = { keys = [ ${keys} ]; threshold = ${trust.publish.threshold}; };
    nix.trustedPublicKeys = [ "${cachePublicKey}" ];
  };
`;
}
