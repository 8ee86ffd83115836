/** SHELL. Signs a key set with every root key at hand, of the old root and of the new; stores it, or proposes it to the others. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { canonicalBytes, sha256 } from "@chimera/proto/signed/canonical";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { judgeKeySet, type KeySet } from "@chimera/proto/signed/key-set";
import type { ApiClient } from "../../api/api-client.ts";
import type { NamedContext } from "../../context/current-context.ts";
import type { Io } from "../../io.ts";
import { signDocument } from "../../signers/remote-signer.ts";
import { roleSigners } from "../../signers/role-signers.ts";
import type { FleetKeys } from "../key-chain.ts";
import { writeCopy } from "../operator-copy.ts";
import { eitherRoot } from "./either-root.ts";
import type { RoleCount } from "../../print/proposals/count-text.ts";
import { rootCounts } from "./root-counts.ts";

export interface KeySigner {
  api: ApiClient;
  context: NamedContext;
  keys: FleetKeys;
}

export interface SentKeySet {
  kind: "published" | "proposed";
  id: Digest;
  /** Of the old root, and of the new one. */
  counts: RoleCount[];
}

export async function sendKeySet(
  io: Io,
  signer: KeySigner,
  { set, rootFiles, propose }: { set: KeySet; rootFiles: readonly string[]; propose: boolean },
): Promise<SentKeySet> {
  const { api, context, keys } = signer;
  const payload = canonicalBytes(set);
  const role = eitherRoot(keys.newest.set.roles.root, set.roles.root);
  const signers = await roleSigners(io, context, { role: "root", keys: role, files: rootFiles });
  const envelope = await signDocument("keys", payload, signers);
  const id = sha256(payload);
  const counts = rootCounts(keys.newest.set, set, envelope);
  if (propose || counts.some(({ signedBy, threshold }) => signedBy.length < threshold)) {
    await api.putProposal(id, envelope);
    return { kind: "proposed", id, counts };
  }
  await storeKeySet(io, signer, envelope);
  return { kind: "published", id, counts };
}

/** Throws what every node would refuse it for; keys-stale when another one was stored meanwhile. */
export async function storeKeySet(
  io: Io,
  { api, context, keys }: KeySigner,
  envelope: Envelope,
): Promise<void> {
  const verdict = judgeKeySet(keys.newest, envelope);
  if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  if (verdict.kind === "known") return;
  await api.putKeys(envelope);
  await writeCopy(io, context.fleetId, { kind: "keys", envelope });
}
