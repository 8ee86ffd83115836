/**
 * PURE. Reads a log entry by entry and says what is wrong with it by itself: what is no entry, what does not follow, what is missing,
 * which document nobody of the fleet signed. Beside that it finds the Merkle root at the sizes that others remember.
 */
import { AuditEntry, AuditLink, hashAuditEntry, noEntry } from "@chimera/proto/audit/audit-entry";
import type { FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { addLeaf, emptyFrontier, frontierRoot } from "@chimera/proto/signed/merkle-frontier";

export interface AuditFinding {
  /** Null for what is not about one entry. */
  index: number | null;
  what: string;
}

interface OpenAct {
  index: number;
  at: string;
  act: string;
}

export interface CheckedLog {
  size: number;
  root: string;
  /** At the sizes that were asked for, as far as the log goes. */
  roots: ReadonlyMap<number, string>;
  findings: readonly AuditFinding[];
  /** Begun, and nothing is said of what came of it. */
  open: readonly OpenAct[];
  firstAt: string | null;
  lastAt: string | null;
}

type Document = NonNullable<Extract<AuditEntry["said"], { kind: "begun" }>["document"]>;

export interface CheckOptions {
  fleetId: FleetId;
  sizes: ReadonlySet<number>;
  /** Whether a key of the fleet, of now or before, has signed it. */
  isSigned: (document: Document) => boolean;
}

export interface LogCheck {
  /** The next entry, as it is stored. */
  take(text: string): void;
  end(): CheckedLog;
}

/** Of a log that somebody wrote anew every entry may be wrong: one says enough. */
const mostFindings = 100;

export function createLogCheck({ fleetId, sizes, isSigned }: CheckOptions): LogCheck {
  let tree = emptyFrontier;
  let due = { index: 0, prev: String(noEntry) };
  let times: [string | null, string | null] = [null, null];
  const roots = new Map<number, string>();
  const findings: AuditFinding[] = [];
  const open = new Map<number, OpenAct>();
  const find = (found: AuditFinding | null) => {
    if (found !== null && findings.length < mostFindings) findings.push(found);
  };
  return {
    take(text) {
      const bytes = Buffer.from(text);
      const leaf = hashAuditEntry(bytes);
      const json = parseJson(text);
      const link = AuditLink.safeParse(json).data;
      tree = addLeaf(tree, leaf);
      if (sizes.has(tree.size)) roots.set(tree.size, frontierRoot(tree).toString("hex"));
      find(judgeLink(link, due, fleetId));
      due = { index: (link?.index ?? due.index) + 1, prev: leaf.toString("hex") };
      if (link === undefined) return;
      times = [times[0] ?? link.at, link.at];
      const entry = AuditEntry.safeParse(json).data;
      if (entry === undefined) return;
      noteAct(entry, open);
      find(judgeDocument(entry, isSigned));
    },
    end: () => ({
      size: tree.size,
      root: frontierRoot(tree).toString("hex"),
      roots,
      findings,
      open: [...open.values()],
      firstAt: times[0],
      lastAt: times[1],
    }),
  };
}

function judgeLink(
  link: AuditLink | undefined,
  due: { index: number; prev: string },
  fleetId: FleetId,
): AuditFinding | null {
  const { index } = due;
  if (link === undefined) return { index, what: "what lies there is no entry of an audit log" };
  if (link.fleetId !== fleetId) return { index, what: `that entry is of fleet ${link.fleetId}` };
  if (link.index > index) return { index, what: `${missing(index, link.index - 1)}: taken out` };
  if (link.index < index)
    return { index: link.index, what: `the entry lies where ${index} is due: there twice, or put elsewhere` };
  if (link.prev === due.prev) return null;
  if (index === 0) return { index, what: "the first entry names one before it: what was before is cut off" };
  return { index, what: `the entry does not follow from entry ${index - 1}: one of the two was changed` };
}

export function missing(first: number, last: number): string {
  return first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`;
}

function noteAct({ index, at, said }: AuditEntry, open: Map<number, OpenAct>): void {
  if (said.kind === "begun") open.set(index, { index, at, act: said.act });
  if (said.kind === "ended") open.delete(said.of);
}

function judgeDocument({ index, said }: AuditEntry, isSigned: CheckOptions["isSigned"]): AuditFinding | null {
  const document = said.kind === "begun" || said.kind === "done" ? said.document : null;
  if (document === null || document.envelope === null) return null;
  if (sha256(Buffer.from(document.envelope.payload, "base64")) !== document.id)
    return { index, what: `the document in it is not ${document.id}, which the entry names` };
  return isSigned(document)
    ? null
    : { index, what: `no key of the fleet has signed the ${document.kind} document in it` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
