/** SHELL. For tests: the signed documents of a fleet server other than heads, checked as far as the CLI depends on it. */
import { Proposal, PutDocument, StoredPanic } from "@chimera/proto/api";
import { sha256 } from "@chimera/proto/signed/canonical";
import { Envelope, mergeSignatures } from "@chimera/proto/signed/envelope";
import { openFirstKeySet, walkKeySets, type KeySet } from "@chimera/proto/signed/key-set";
import { openPanic } from "@chimera/proto/signed/panic";
import { Digest } from "@chimera/proto/names";
import type { Reply } from "./fleet-server.ts";

export interface Documents {
  keySets: Envelope[];
  panic: StoredPanic | null;
  panicReady: Envelope | null;
  quarantine: Envelope | null;
  orders: Envelope[];
  proposals: Map<string, Proposal>;
}

export function emptyDocuments(keySet: Envelope): Documents {
  return {
    keySets: [keySet],
    panic: null,
    panicReady: null,
    quarantine: null,
    orders: [],
    proposals: new Map(),
  };
}

export function newestSet([first, ...others]: readonly Envelope[]): KeySet {
  return walkKeySets(openFirstKeySet(Envelope.parse(first)), others).set;
}

export function getDocument(documents: Documents, path: string): unknown {
  const answers: Record<string, () => unknown> = {
    "/v1/keys": () => ({ keySets: documents.keySets }),
    "/v1/panic/ready": () => ({ envelope: documents.panicReady }),
    "/v1/quarantine": () => ({ envelope: documents.quarantine }),
    "/v1/orders": () => ({ v: 1, orders: documents.orders }),
    "/v1/proposals": () => ({ proposals: [...documents.proposals.values()].toReversed() }),
  };
  return answers[path]?.();
}

export function putDocument(documents: Documents, path: string, body: unknown): Reply {
  const { envelope } = PutDocument.parse(body);
  const id = idOf(envelope);
  if (path.startsWith("/v1/proposals/")) return propose(documents, envelope, id);
  const puts: Record<string, () => void> = {
    "/v1/keys": () => storeKeys(documents, envelope),
    "/v1/panic": () => void (documents.panic = storedPanic(documents, envelope)),
    "/v1/panic/ready": () => void (documents.panicReady = storedPanic(documents, envelope).envelope),
    "/v1/quarantine": () => void (documents.quarantine = envelope),
  };
  const store = puts[path];
  if (store === undefined) throw new Error(`nobody puts ${path}`);
  store();
  return { status: 200, body: { id, revision: 1 } };
}

function storeKeys(documents: Documents, envelope: Envelope): void {
  const chain = [...documents.keySets, envelope];
  newestSet(chain);
  documents.keySets = chain;
}

function storedPanic({ keySets }: Documents, envelope: Envelope): StoredPanic {
  const opened = openPanic(envelope, newestSet(keySets).roles.panic);
  return StoredPanic.parse({ ...opened, revision: 1, storedAt: new Date().toISOString(), envelope });
}

function propose(documents: Documents, envelope: Envelope, id: Digest): Reply {
  const kind = /vnd\.chimera\.(\w+)\./u.exec(envelope.payloadType)?.[1];
  const before = documents.proposals.get(id);
  const proposal = {
    id,
    kind,
    createdAt: before?.createdAt ?? new Date().toISOString(),
    envelope: before === undefined ? envelope : mergeSignatures(before.envelope, envelope),
  };
  documents.proposals.set(id, Proposal.parse(proposal));
  return { status: 200, body: proposal };
}

function idOf({ payload }: Envelope): Digest {
  return Digest.parse(sha256(Buffer.from(payload, "base64")));
}
