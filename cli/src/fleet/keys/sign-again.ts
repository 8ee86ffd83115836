/** SHELL. What a new key set leaves without enough signatures: nodes that are away, and new ones, do not take it any more. */
import type { StoredHead } from "@chimera/proto/api";
import { signersOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { ApiClient } from "../../api/api-client.ts";

export interface SignAgain {
  what: string;
  /** What the operator types. */
  how: string;
}

const publish = "chimera rollback --to current";

/** By the controller's word: it can hide a thing to do, or name one in vain; what is done is verified by its own command. */
export async function signAgain(
  api: Pick<ApiClient, "fleet" | "panicReady" | "quarantine" | "orders">,
  keySet: KeySet,
): Promise<SignAgain[]> {
  const [{ head, panic }, ready, quarantine, { orders }] = await Promise.all([
    api.fleet(),
    api.panicReady(),
    api.quarantine(),
    api.orders(),
  ]);
  const isOld = isOfOtherEpoch(head, keySet);
  const isUndone = head !== null && panic?.panic.undoes === head.id;
  const lacking = orders.filter((envelope) => lacks(keySet, "order", envelope)).length;
  const away = "for nodes that are away or new";
  return [
    ...dueIf(
      isOld || lacks(keySet, "publish", head?.envelope),
      `head ${head?.head.serial}, ${away}`,
      publish,
    ),
    ...dueIf(isUndone && lacks(keySet, "panic", panic?.envelope), `the panic of that head, ${away}`, publish),
    ...dueIf(
      ready !== null && (isOld || lacks(keySet, "panic", ready)),
      "the panic that is prepared",
      publish,
    ),
    ...dueIf(lacks(keySet, "order", quarantine), `the quarantine list, ${away}`, "chimera quarantine renew"),
    ...dueIf(
      lacking > 0,
      `${lacking} orders that wait for nodes`,
      "chimera hold list, then hold or release anew",
    ),
  ];
}

/** A key set speaks for its own epoch only. */
function isOfOtherEpoch(head: StoredHead | null, { epoch }: KeySet): boolean {
  return head !== null && head.head.epoch !== epoch;
}

function dueIf(isDue: boolean, what: string, how: string): SignAgain[] {
  return isDue ? [{ what, how }] : [];
}

const kinds = { publish: "head", panic: "panic", order: "order" } as const;

function lacks({ roles }: KeySet, name: keyof typeof kinds, envelope: Envelope | null | undefined): boolean {
  if (envelope === null || envelope === undefined) return false;
  const role = roles[name];
  return signersOf(envelope, { kind: kinds[name], role }).length < role.threshold;
}
