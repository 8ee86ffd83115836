/** SHELL. What a signed order may see of one path: why it is managed, what differs, what is kept, and content where it may go. */
import type { EvidenceFacts, ShownContent, ShownFacts, ShownSide } from "@chimera/proto/drift-shown";
import { lstatSync } from "node:fs";
import type { ExpectedEntry } from "../../../reconcile/drift/etc-entry.ts";
import { belowEtc, explainPath } from "../../../reconcile/drift/explain-path.ts";
import type { IgnoredGlob } from "../../../reconcile/drift/etc-scope.ts";
import { checkEntry } from "../check-entry.ts";
import type { Responder } from "../drift-response.ts";
import type { ExpectedEtc } from "../etc-expected.ts";
import type { Evidence } from "../evidence.ts";
import { readDeclared, readLive, type Side } from "./read-side.ts";

export interface ShowRequest {
  path: string;
  /** Null: the newest. */
  evidence: string | null;
  /** Of each side; 0: no content. */
  maxBytes: number;
}

export interface ShowOptions {
  etcDir: string;
  expected: () => ExpectedEtc | null;
  ignore: readonly IgnoredGlob[];
  /** Whether the configuration lets the content of this path go. */
  isShowable: (path: string) => boolean;
  responder: Pick<Responder, "stanceOf">;
  evidence: Evidence;
}

export async function showPath(options: ShowOptions, request: ShowRequest): Promise<ShownFacts> {
  const { path } = request;
  const expected = options.expected();
  const isDeclared = (below: string): boolean =>
    expected !== null && lstatSync(`${expected.tree}/${below}`, { throwIfNoEntry: false }) !== undefined;
  const explanation = explainPath(path, { expected, ignore: options.ignore, isDeclared });
  const { kind: mode, ...stance } = options.responder.stanceOf(path);
  const facts = {
    path,
    at: new Date().toISOString(),
    explanation,
    stance: { mode, why: "why" in stance ? stance.why : "" },
  };
  const entry = expected?.entries.get(belowEtc(path) ?? "");
  const isManaged = explanation.kind === "managed";
  if (!isManaged || expected === null || entry === undefined) {
    return { ...facts, open: null, evidence: [], of: null, content: notShown("the path is not managed") };
  }
  return { ...facts, ...(await showEntry(options, request, { expected, entry })) };
}

interface Managed {
  expected: ExpectedEtc;
  entry: ExpectedEntry;
}

type Difference = Pick<ShownFacts, "open" | "evidence" | "of" | "content">;

async function showEntry(options: ShowOptions, request: ShowRequest, managed: Managed): Promise<Difference> {
  const checked = await checkEntry(options.etcDir, managed.entry);
  const open = checked.kind === "drifted" ? checked.item : null;
  const evidence = await options.evidence.list(request.path);
  const kept = chooseEvidence(evidence, request, open !== null);
  const shown = { open, evidence, of: kept?.id ?? null };
  if (request.maxBytes === 0) return { ...shown, content: notShown("it was not asked for") };
  if (request.evidence !== null && kept === undefined) {
    return { ...shown, content: notShown(`nothing is kept of it as ${request.evidence}`) };
  }
  if (open === null && kept === undefined) {
    return { ...shown, content: notShown("nothing differs, and nothing is kept of it") };
  }
  const found =
    kept === undefined ? readLive(options, managed.entry, request) : readKept(options, kept, request);
  const sides = { expected: await readDeclared(managed, request.maxBytes), found: await found };
  return { ...shown, content: judge(sides, options.isShowable(request.path)) };
}

/** What differs now is the more urgent question, unless somebody asks for what was there before. */
function chooseEvidence(
  evidence: readonly EvidenceFacts[],
  request: ShowRequest,
  isOpen: boolean,
): EvidenceFacts | undefined {
  if (request.evidence !== null) return evidence.find(({ id }) => id === request.evidence);
  return isOpen ? undefined : evidence[0];
}

async function readKept(
  { evidence }: ShowOptions,
  { id, facts, worldReadable, links }: EvidenceFacts,
  { maxBytes }: ShowRequest,
): Promise<Side | null> {
  const bytes = await evidence.read(id, maxBytes);
  if (bytes === null) return null;
  const mode = facts.mode ?? "0000";
  return { bytes, size: facts.size ?? bytes.length, mode, isOpen: worldReadable, isAlone: links === 1 };
}

/** Both sides must be everybody's to read, or the configuration names the path. */
function judge(
  { expected, found }: { expected: Side | null; found: Side | null },
  isShowable: boolean,
): ShownContent {
  if (expected === null && found === null) return notShown("neither side is a file");
  for (const side of [expected, found]) {
    if (side === null || side.isOpen) continue;
    if (!isShowable) return notShown(`mode ${side.mode}`);
    // Another name of a file that nobody meant.
    if (!side.isAlone) return notShown(`mode ${side.mode}, and the file has other names`);
  }
  return { kind: "shown", expected: sideOf(expected), found: sideOf(found) };
}

function sideOf(side: Side | null): ShownSide | null {
  return side === null ? null : { base64: side.bytes.toString("base64"), size: side.size };
}

function notShown(reason: string): ShownContent {
  return { kind: "not-shown", reason: reason.slice(0, 1024) };
}
