/** SHELL. A panic by the controller: it judges, stores, and shows what the nodes said. */
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import { createReader, type FleetReader } from "../../documents/fleet-reader.ts";
import { checkView, nodeKeysOf } from "../../fleet/check-view.ts";
import { verifiedWorld } from "../../fleet/current-fleet.ts";
import { checkMemory } from "../../fleet/fleet-memory.ts";
import { orWarn } from "../../fleet/or-warn.ts";
import { newestOf, verifyNewest } from "../../fleet/newest-document.ts";
import { verifyPanic, type VerifiedHead } from "../../fleet/verify-documents.ts";
import { keepWorld, keptWorld } from "../../fleet/world-copy.ts";
import type { Io } from "../../io.ts";
import { wordOf } from "../panic-progress.ts";
import type { PanicRoad } from "./panic-road.ts";

export async function openControllerRoad(io: Io, contextName: string | undefined): Promise<PanicRoad> {
  const reader = await createReader(io, contextName);
  const { api, context, fleetId, chain, newest } = reader;
  const head = await newestHead(reader);
  return {
    over: "controller",
    context,
    fleetId,
    chain,
    newest,
    head,
    ready: () => api.panicReady(),
    async release(envelope) {
      const { id } = await api.putPanic(envelope);
      const panics = new Map([[sha256(payloadOf(envelope, "panic")), envelope]]);
      // Another operator's, which does the same, was first.
      const stored = panics.has(id) ? null : (await api.fleet()).panic;
      if (stored?.id === id) panics.set(id, verifyPanic(stored, reader.trust).envelope);
      return { id, panics: () => panics, isStored: () => true };
    },
    async leaves() {
      const { world } = head.head;
      const kept = await keptWorld(io, fleetId, world);
      if (kept !== null) return kept;
      const leaves = await verifiedWorld(api, world);
      await orWarn(io, "this machine keeps no copy of the world", () =>
        keepWorld(io, fleetId, { id: world, leaves }),
      );
      return leaves;
    },
    async words(leaves) {
      const keyOf = nodeKeysOf(leaves);
      const found = (await api.nodes()).filter(({ node }) => keyOf(node) !== null);
      return found.flatMap((view) => wordOf(checkView(view, fleetId, keyOf)) ?? []);
    },
    close: async () => undefined,
  };
}

/** Also one that a panic undid already: releasing it again changes nothing, and shows how far the nodes are. */
async function newestHead(reader: FleetReader): Promise<VerifiedHead> {
  const newest = verifyNewest(await reader.api.fleet(), reader.trust);
  checkMemory(reader.seen, newestOf(newest));
  if (newest.head !== null) return newest.head;
  throw new ChimeraError("world-unknown", "the fleet has no head yet: there is nothing to undo");
}
