/** SHELL. What the order role signed, read from the bucket: the quarantine list, and orders that wait for nodes. */
import { StandingOrders } from "@chimera/proto/api";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { RoleKeys } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { livingOrders, newestQuarantine, type StoredOrder } from "../fleet/judge-new-order.ts";
import type { Bucket, Expected } from "./bucket.ts";
import { readJson } from "./read-envelope.ts";
import { openStoredOrder, storedReader, type ReaderOptions } from "./stored-reader.ts";

/** What a NATS message may hold is twice that. */
const maxBytes = 1 << 20;
const maxOrders = 256;

export interface OrderStore {
  /** The newest list, and the revision of the newest entry, whoever wrote it. */
  quarantine(): Promise<{ list: StoredOrder | null; revision: number }>;
  /** Those that the order role signed and whose time is not over. */
  standing(): Promise<StoredOrder[]>;
  /** Throws overloaded when they are too many or too large to be kept. */
  putStanding(orders: readonly StoredOrder[], expected: Expected): Promise<number | "moved">;
}

export function createOrderStore({ bucket, ...options }: ReaderOptions & { bucket: Bucket }): OrderStore {
  const { keyStore, fleetId, log } = options;
  const quarantineSubject = subjects.desired("quarantine", fleetId);
  const orderSubject = subjects.desired("order", fleetId);
  const lists = storedReader(options, "order", openStoredOrder);
  function open(envelope: StoredOrder["envelope"], keys: RoleKeys): StoredOrder[] {
    try {
      return [openStoredOrder({ envelope, revision: 0 }, { keys }, fleetId)];
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      log.warn({ reason: errorChain(error).slice(0, 500) }, "standing order refused");
      return [];
    }
  }
  return {
    async quarantine() {
      const messages = await bucket.history([quarantineSubject]);
      return { list: newestQuarantine(lists(messages)), revision: messages.at(-1)?.seq ?? 0 };
    },
    async standing() {
      const newest = await bucket.newest(orderSubject);
      const orders = newest.flatMap((message) => readJson(message, StandingOrders)?.orders ?? []);
      const role = keyStore.current().newest.set.roles.order;
      return livingOrders(
        orders.flatMap((envelope) => open(envelope, role)),
        Date.now(),
      );
    },
    async putStanding(orders, expected) {
      const value: StandingOrders = { v: 1, orders: orders.map(({ envelope }) => envelope) };
      if (orders.length > maxOrders || JSON.stringify(value).length > maxBytes) {
        throw new ChimeraError(
          "overloaded",
          `${orders.length - 1} orders wait for nodes: no more can be kept`,
        );
      }
      return bucket.write(orderSubject, value, expected);
    },
  };
}
