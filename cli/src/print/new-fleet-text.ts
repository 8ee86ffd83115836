/** PURE. What `chimera init` tells the operator: what to keep away from machines, and what goes where. */
import type { KeySet } from "@chimera/proto/signed/key-set";
import { newNatsText } from "./nats/nats-text.ts";

export interface MadeFleet {
  fleetId: string;
  context: string;
  folder: string;
  /** Key set 1: the controller and every node are given it. */
  keySetFile: string;
  /** The controller's online key. */
  freshKeyFile: string;
  roles: KeySet["roles"];
  expires: string;
  /** Root keys that have signed the key set already. */
  rootSigned: string[];
  publicKeys: Record<string, string>;
  cachePublicKey: string;
  /** Where the NATS keys are, if nats-server is to know its users by passes. */
  natsFolder: string | null;
}

export function newFleetText(made: MadeFleet): string {
  const { fleetId, context, folder, keySetFile, freshKeyFile, expires, cachePublicKey, natsFolder } = made;
  return `fleet ${fleetId}
keys in ${folder}, context "${context}" is the current one
the key set can be used until ${expires.slice(0, 10)} (chimera keys renew)
${unfinished(made)}
Keep offline (on a stick, in a safe; then remove it here):
  ${folder}/root.key    signs the next key set; nothing daily needs it

Keep on this machine, in your backup, and nowhere else:
  publish.key  signs heads${needs(made.roles.publish.threshold)}
  panic.key    signs, with each head, the order to undo it: without it here none is prepared
  order.key    signs hold, quarantine and other orders to nodes
  cache.key    signs closures

To the controller:
  ${freshKeyFile}    as freshKeyFile (0600): its online key, which can only raise an alarm
  ${keySetFile}  as trustedKeys
then remove fresh.key here.

In the configuration of every node, with ${keySetFile} beside it:
  services.chimera.agent = {
    fleetId = "${fleetId}";
    trustedKeys = builtins.fromJSON (builtins.readFile ./keys.1.json);
    nix.trustedPublicKeys = [ "${cachePublicKey}" ];
  };
${natsFolder === null ? "" : `\n${newNatsText(natsFolder)}`}`;
}

function needs(threshold: number): string {
  return threshold === 1 ? "" : ` (${threshold} people must sign each: chimera sign)`;
}

function unfinished({ roles: { root }, rootSigned, keySetFile }: MadeFleet): string {
  if (rootSigned.length >= root.threshold) return "";
  return `
Before anything else: key set 1 has ${rootSigned.length} of ${root.threshold} root signatures. Whoever has another root key signs the file:
  chimera sign ${keySetFile} --root-key THEIR-ROOT.key
`;
}
