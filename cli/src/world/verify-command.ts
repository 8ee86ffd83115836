/** SHELL. `chimera world verify`: from the controller, or from a saved file without any network. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { FleetId, NodeName, shortDigest, WorldId } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import type { Leaf } from "@chimera/proto/signed/world";
import { z } from "zod";
import { createApiClient } from "../api/api-client.ts";
import { currentContext } from "../context/current-context.ts";
import { createReader, type KnownHead } from "../documents/fleet-reader.ts";
import { openSignedHead } from "../documents/open-signed.ts";
import { readBoundedFile } from "../documents/read-bounded.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import type { Io } from "../io.ts";
import { FleetOptions } from "../options.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { checkWorld } from "./check-world.ts";
import { nameWorld, readNamed } from "./read-world.ts";
import { verifyClosures, verifyProof, verifySigned } from "./verify-world.ts";
import { WorldFile } from "./world-file.ts";

export const VerifyOptions = FleetOptions.extend({
  file: z.string().max(4096).optional(),
  fleet: FleetId.optional(),
  node: NodeName.optional(),
  closures: z.boolean().default(false),
});
export type VerifyOptions = z.infer<typeof VerifyOptions>;

interface Verified {
  id: WorldId;
  head: KnownHead;
  leaves: Leaf[];
  /** Version of the newest key set. */
  newestKeySet: number;
}

export async function verifyWorld(io: Io, word: string | undefined, options: VerifyOptions): Promise<void> {
  const verified =
    options.file === undefined
      ? await verifyStored(io, word, options)
      : await verifyFile(io, { word, file: options.file }, options);
  const lists = options.closures ? await verifyLists(io, verified, options) : 0;
  tell(io, { ...verified, lists }, options.json);
}

async function verifyStored(
  io: Io,
  word: string | undefined,
  { context, node }: VerifyOptions,
): Promise<Verified> {
  const reader = await createReader(io, context);
  const named = await nameWorld(io, reader, word);
  const signed = { fleetId: reader.fleetId, id: named.id, head: named.head };
  const leaves =
    node === undefined
      ? verifySigned(await readNamed(reader, named), signed, undefined)
      : [verifyProof(await reader.api.leafProof(named.id, node), signed, node)];
  return { id: named.id, head: required(named), leaves, newestKeySet: reader.newest.set.version };
}

/** Only the fleet's id is believed; it comes from the operator, never from the file. */
async function verifyFile(
  io: Io,
  { word, file }: { word: string | undefined; file: string },
  { fleet, context, node }: VerifyOptions,
): Promise<Verified> {
  const fleetId = fleet ?? (await currentContext(io, context)).fleetId;
  const saved = await readBoundedFile(resolve(io.cwd, file), WorldFile);
  const chain = walkFleetKeys(saved.keySets, fleetId);
  const head = saved.head === null ? null : { ...openSignedHead(chain, saved.head), envelope: saved.head };
  const id = word === undefined ? null : wholeId(word);
  const world = checkWorld(saved.world, { id: id ?? head?.head.world ?? null, fleetId });
  const leaves = verifySigned(world, { fleetId, id: world.id, head }, node);
  return { id: world.id, head: required({ id: world.id, head }), leaves, newestKeySet: chain.length };
}

function wholeId(word: string): WorldId {
  const id = WorldId.safeParse(word);
  if (id.success) return id.data;
  throw new ChimeraError("usage", `with --file a world is named by its whole id, not by "${word}"`);
}

async function verifyLists(io: Io, { leaves }: Verified, { context }: VerifyOptions): Promise<number> {
  const api = await createApiClient(io, await currentContext(io, context));
  return verifyClosures(leaves, (digest) => api.closure(digest));
}

function tell(
  io: Io,
  { id, head, leaves, newestKeySet, lists }: Verified & { lists: number },
  json: boolean,
): void {
  const { keySet, signedBy } = head;
  const { size, serial, epoch } = head.head;
  if (json) {
    const nodes = leaves.map(({ node }) => node);
    io.out(
      `${printableJson({ ok: true, id, size, epoch, serial, signedBy, keySet, nodes, closureLists: lists })}\n`,
    );
    return;
  }
  const by = `signed by ${signedBy.join(", ")} (key set ${keySet}${keySet === newestKeySet ? "" : `, the newest is ${newestKeySet}`})`;
  io.out(printableLine(`world ${shortDigest(id)} holds: head ${showPlace(head.head)}, ${by}`) + "\n");
  io.out(`${leaves.length} of ${size} leaves proven, ${lists} closure lists recomputed\n`);
}

function required({ id, head }: { id: WorldId; head: KnownHead | null }): KnownHead {
  if (head !== null) return head;
  throw new ChimeraError("world-unknown", `no signed head orders world ${id}`);
}
