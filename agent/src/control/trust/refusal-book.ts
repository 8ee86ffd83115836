/** SHELL. Refusals: each is told once, with who and what; the same bad document is read every 30 s. */
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { errorCodes, type ErrorCode } from "@chimera/proto/errors";
import type { DocumentName, NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import { documentId } from "./judge-document.ts";

export interface Refusal {
  document: DocumentName;
  code: ErrorCode;
  reason: string;
  signedBy: readonly string[];
  /** Null for what is no envelope at all. */
  envelope: Envelope | null;
  /** Where the envelope does not name it. */
  id?: Digest;
}

export interface Problem {
  code: ErrorCode;
  message: string;
  at: string;
}

export interface RefusalBook {
  note: (refusal: Refusal) => void;
  /** A document of this kind is in order. */
  clear: (document: DocumentName) => void;
  /** The newest refusal that still stands. */
  problem: () => Problem | null;
}

export interface RefusalBookOptions {
  report: (event: NodeEventBody) => void;
  /** Something new stands in the status. */
  onNews: () => void;
  log: Log;
}

const remembered = 256;
/** An order is sent once: nothing follows that would clear its refusal. */
const orderMs = 10 * 60_000;

export function createRefusalBook(options: RefusalBookOptions): RefusalBook {
  const told = new Set<string>();
  const standing = new Map<DocumentName, Problem>();
  return {
    note: (refusal) => note({ told, standing }, refusal, options),
    clear(document) {
      standing.delete(document);
      // What is no document has no name: the next one is another, though the refusal reads the same.
      for (const key of told) if (key.startsWith(`${document} input-invalid `)) told.delete(key);
    },
    problem() {
      const order = standing.get("order");
      if (order !== undefined && Date.now() - Date.parse(order.at) > orderMs) standing.delete("order");
      return [...standing.values()].toSorted((a, b) => (a.at > b.at ? -1 : 1))[0] ?? null;
    },
  };
}

interface State {
  told: Set<string>;
  standing: Map<DocumentName, Problem>;
}

function note(
  { told, standing }: State,
  refusal: Refusal,
  { report, onNews, log }: RefusalBookOptions,
): void {
  const { document, code, signedBy } = refusal;
  const message = refusal.reason.slice(0, 2048);
  const before = standing.get(document);
  // It is read every 30 s: the time of the first is the one that says something, and a status is sent for every other one.
  if (before?.code !== code || before.message !== message) {
    standing.set(document, { code, message, at: new Date().toISOString() });
  }
  const { id, name, claims } = factsOf(refusal);
  if (!isNews(told, `${document} ${code} ${name}`)) return;
  log.warn({ document, code, reason: message, id, signedBy }, "document was refused");
  onNews();
  // A controller that is away for a moment refuses nothing; a freeze has an alarm of its own.
  if (document === "head" && errorCodes[code].retry === "backoff") return;
  report({
    type: "document-refused",
    data: { document, code, message, id, signedBy: signedBy.slice(0, 32), claims },
  });
}

function isNews(told: Set<string>, key: string): boolean {
  if (told.has(key)) return false;
  told.add(key);
  for (const oldest of told) if (told.size > remembered) told.delete(oldest);
  return true;
}

/** `claims`: the keys that it says it is signed by. */
function factsOf({ envelope, id, reason }: Refusal): { id: Digest | null; name: string; claims: string[] } {
  if (envelope === null) return { id: id ?? null, name: id ?? reason, claims: [] };
  const claims = [...new Set(envelope.signatures.map(({ keyid }) => keyid))];
  return { id: documentId(envelope), name: nameOf(envelope), claims };
}

/** Signatures count too: the same payload may come again with one that was missing. */
function nameOf(envelope: Envelope): string {
  return sha256(Buffer.from(JSON.stringify(envelope)));
}
