/** SHELL. What a new key set leaves without enough signatures: nodes that have it take it no more, should they ever lack it. */
import { signersOf, type Envelope, type RoleKeys } from "@chimera/proto/signed/envelope";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { ApiClient } from "../../api/api-client.ts";

export interface SignAgain {
  what: string;
  /** What the operator types. */
  how: string;
}

type Source = Pick<ApiClient, "fleet" | "panicReady" | "quarantine" | "orders">;

/** From the controller's word: it can hide a thing to do, and add one that changes nothing. */
export async function signAgain(api: Source, { epoch, roles }: KeySet): Promise<SignAgain[]> {
  const [fleet, ready, quarantine, { orders }] = await Promise.all([
    api.fleet(),
    api.panicReady(),
    api.quarantine(),
    api.orders(),
  ]);
  const { head, panic } = fleet;
  const open = orders.filter((envelope) => lacks(envelope, "order", roles.order)).length;
  /** A key set speaks for its own epoch only. */
  const isBefore = (document?: { epoch: number }): boolean =>
    document !== undefined && document.epoch !== epoch;
  const publish = "chimera rollback --to current";
  const due: (SignAgain | null)[] = [
    isBefore(head?.head) || lacks(head?.envelope, "head", roles.publish)
      ? { what: `head ${head?.head.serial}, for nodes that are away or new`, how: publish }
      : null,
    isBefore(panic?.panic) || lacks(panic?.envelope, "panic", roles.panic)
      ? { what: `the panic of head ${panic?.panic.serial}, for nodes that are away or new`, how: publish }
      : null,
    ready !== null && (isBefore(head?.head) || lacks(ready, "panic", roles.panic))
      ? { what: "the panic that is prepared for the newest head", how: publish }
      : null,
    lacks(quarantine, "order", roles.order)
      ? { what: "the quarantine list, for nodes that are away or new", how: "chimera quarantine renew" }
      : null,
    open > 0
      ? {
          what: `${open} orders that wait for nodes which are away`,
          how: "chimera hold list, then chimera hold or release again",
        }
      : null,
  ];
  return due.flatMap((one) => one ?? []);
}

function lacks(
  envelope: Envelope | null | undefined,
  kind: "head" | "panic" | "order",
  role: RoleKeys,
): boolean {
  if (envelope === null || envelope === undefined) return false;
  return signersOf(envelope, { kind, role }).length < role.threshold;
}
