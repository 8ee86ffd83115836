// SHELL. Counts what comes on the fleet's ack subjects, and when; signatures are looked at afterwards, so that checking costs no time that is measured.
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import type { CrowdFleet } from "./crowd-fleet.ts";

interface Heard {
  atMs: number;
  data: Uint8Array;
}

export interface AckCollector {
  /** Forgets all that was heard. */
  begin: () => void;
  /** Resolves when every node was heard since; throws deadline-exceeded with how many were not. */
  everybody: (timeoutMs: number) => Promise<void>;
  count: () => number;
  /** When the last node was first heard, by performance.now(). */
  lastMs: () => number;
  /** Throws unless each node's first word is a receipt of this document, signed by its own key. */
  verify: (document: Digest) => void;
}

export function collectAcks(nats: NatsConnection, fleet: CrowdFleet): AckCollector {
  const heard = new Map<string, Heard>();
  nats.subscribe(subjects.all.acks(fleet.fleetId), {
    callback: (error, { subject, data }) => {
      if (error !== null) return;
      const node = subject.slice(subject.lastIndexOf(".") + 1);
      if (!heard.has(node)) heard.set(node, { atMs: performance.now(), data });
    },
  });
  const size = fleet.members.length;
  return {
    begin: () => heard.clear(),
    count: () => heard.size,
    async everybody(timeoutMs) {
      const until = performance.now() + timeoutMs;
      while (heard.size < size) {
        if (performance.now() > until) {
          throw new ChimeraError(
            "deadline-exceeded",
            `${size - heard.size} of ${size} agents said nothing in ${timeoutMs} ms`,
          );
        }
        await sleep(5);
      }
    },
    lastMs: () => Math.max(...[...heard.values()].map(({ atMs }) => atMs)),
    verify(document) {
      for (const { node, nodeKey } of fleet.members) {
        const said = heard.get(node)?.data ?? new Uint8Array();
        const receipt = openReceipt(Envelope.parse(JSON.parse(Buffer.from(said).toString("utf8"))), nodeKey);
        if (receipt.document.id !== document || receipt.node !== node) {
          throw new ChimeraError("signature-invalid", `the first receipt of ${node} is of another document`);
        }
      }
    },
  };
}
