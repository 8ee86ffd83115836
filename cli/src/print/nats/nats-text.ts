/** PURE. What `chimera nats` tells: what to keep away from machines, what goes where, and what is to be done next. */
import type { FleetAccount, SystemAccount } from "@chimera/proto/nats/fleet-account";
import { table } from "../table.ts";

/** Also for `chimera init`. */
export function newNatsText(folder: string): string {
  return `NATS keys in ${folder}: nats-server will know its users by passes.

Keep offline with root.key (then remove them here; --root-seed names where they are):
  root.seed             signs the accounts: revokes, and exchanges issuers
  system-issuer.seed    hands the accounts to nats-server (chimera nats push)

Keep on this machine, in your backup, and nowhere else:
  controller-issuer.seed, lead-issuer.seed, operator-issuer.seed    make passes of these roles

To the controller:
  node-issuer.seed      as nats.nodeIssuerFile (0600): makes passes of one node each, and nothing else

Then:
  chimera nats config > nats-server.conf
  chimera nats pass --role controller --name controller --nkey U… > controller.pass
`;
}

export const pushHint = "it counts once nats-server has it: chimera nats push --server nats://HOST:4222\n";

export function rotatedText(issuer: string, publicKey: string): string {
  if (issuer === "root") {
    return `the new root is ${publicKey}; both accounts stay as they are
nats-server takes another root from its configuration alone, and only when it starts:
  chimera nats config > nats-server.conf, and restart nats-server; nodes come back by themselves
then: chimera nats drop --issuer root
`;
  }
  const next =
    issuer === "node"
      ? "give node-issuer.seed to the controller and restart it, wait"
      : "make their passes anew, wait";
  return `the new ${issuer} issuer is ${publicKey}; the older one counts until it is dropped
${pushHint}then: ${issuer === "system" ? "" : `${next} until all have passes of it, `}chimera nats drop --issuer ${issuer}
`;
}

export interface ShownNats extends Omit<FleetAccount, "revocations"> {
  /** Nkey -> ISO time. */
  revocations: Record<string, string>;
  root: string;
  system: SystemAccount;
}

export function shownNatsText({ fleetId, account, root, system, issuers, revocations }: ShownNats): string {
  const rows = [
    ...issuers.map(({ role, key }) => [role, key]),
    ...system.issuers.map((key) => ["system", key]),
  ];
  const revoked = Object.entries(revocations);
  const list =
    revoked.length === 0 ? "nothing is revoked\n" : table(["REVOKED", "PASSES MADE UNTIL"], revoked);
  return `fleet ${fleetId}\nroot ${root}\naccount ${account}\n\n${table(["ISSUER", "PUBLIC KEY"], rows)}\n${list}`;
}
