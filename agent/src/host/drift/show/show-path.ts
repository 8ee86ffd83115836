/** SHELL. What a signed order may see of one path: why it is managed, what differs, what is kept, and content where it may go. */
import {
  EvidenceFacts,
  type Culprit,
  type ShownContent,
  type ShownFacts,
  type ShownSide,
} from "@chimera/proto/drift-shown";
import type { ExplainedPolicy, PolicyQuestion } from "../../../reconcile/drift/explain/explain-policy.ts";
import type { Evidence } from "../evidence.ts";
import type { KeptFacts } from "../evidence/read-evidence.ts";
import { notManaged, type Side, type Sighted, type Viewer } from "./view.ts";

export interface ShowRequest {
  path: string;
  /** Null: the newest. */
  evidence: string | null;
  /** Of each side; 0: no content, and nobody is searched for. */
  maxBytes: number;
}

export interface ShowOptions {
  /** The first that knows a path says what it is. */
  viewers: readonly Viewer[];
  policyOf: (
    question: PolicyQuestion,
  ) => Omit<ExplainedPolicy, "setBy" | "change"> & Partial<ExplainedPolicy>;
  /** Whether the configuration lets the content of this path go. */
  isShowable: (path: string) => boolean;
  evidence: Evidence;
}

export async function showPath(options: ShowOptions, request: ShowRequest): Promise<ShownFacts> {
  const { path } = request;
  const sighted = await see(options.viewers, path);
  const { explanation, open, now } = sighted;
  const kept = await options.evidence.list(path);
  const chosen = chooseEvidence(kept, request, open !== null);
  const isAsked = request.maxBytes > 0;
  const named = chosen !== undefined && isAsked ? await options.evidence.audited(chosen) : chosen;
  const found = chosen === undefined && open !== null && isAsked ? await readFound(sighted, request) : null;
  return {
    path,
    at: new Date().toISOString(),
    explanation: clipped(explanation),
    stance: stanceOf(options, sighted, path),
    open,
    ...(now === null ? {} : { now }),
    ...(await culpritOf(options, { path, found })),
    evidence: kept.map((one) => EvidenceFacts.parse(one.id === named?.id ? named : one)),
    of: chosen?.id ?? null,
    content: await contentOf(options, { request, sighted, chosen, found }),
  };
}

async function see(viewers: readonly Viewer[], path: string): Promise<Sighted> {
  for (const viewer of viewers) {
    const sighted = await viewer(path);
    if (sighted !== null) return sighted;
  }
  return notManaged(null, { kind: "outside" });
}

/** What a look found may be as long as a path or a list of names. */
function clipped(explanation: ShownFacts["explanation"]): ShownFacts["explanation"] {
  const because = explanation.because?.slice(0, 1024);
  return because === undefined ? explanation : { ...explanation, because };
}

function stanceOf({ policyOf }: ShowOptions, sighted: Sighted, path: string): ShownFacts["stance"] {
  const { part, told, isRuleless } = sighted;
  if (part === null) return { mode: "ignore", why: "nothing there is compared" };
  const { mode, why, setBy, change } = policyOf({ part, path, told, isRuleless });
  return {
    mode,
    why: why.slice(0, 1024),
    ...(setBy === undefined ? {} : { setBy }),
    ...(change === undefined ? {} : { change: change.slice(0, 1024) }),
  };
}

/** What differs now is the more urgent question, unless somebody asks for what was there before. */
function chooseEvidence(
  evidence: readonly KeptFacts[],
  request: ShowRequest,
  isOpen: boolean,
): KeptFacts | undefined {
  if (request.evidence !== null) return evidence.find(({ id }) => id === request.evidence);
  return isOpen ? undefined : evidence[0];
}

async function readFound({ sides }: Sighted, { evidence, maxBytes }: ShowRequest): Promise<Side | null> {
  return sides.kind === "files" && evidence === null ? sides.found(maxBytes) : null;
}

/** Of a file that is there now and differs; what was put back has it beside its evidence. */
async function culpritOf(
  { evidence }: ShowOptions,
  { path, found }: { path: string; found: Side | null },
): Promise<{ culprit?: Culprit }> {
  if (found?.inode === undefined) return {};
  return { culprit: await evidence.culpritOf({ path, inode: found.inode, atMs: Date.now() }) };
}

interface Content {
  request: ShowRequest;
  sighted: Sighted;
  chosen: KeptFacts | undefined;
  found: Side | null;
}

async function contentOf(options: ShowOptions, content: Content): Promise<ShownContent> {
  const { request, sighted, chosen, found } = content;
  const reason = withoutContent(content);
  if (reason !== null) return notShown(reason);
  const { maxBytes, path } = request;
  const both = {
    expected: sighted.sides.kind === "files" ? await sighted.sides.expected(maxBytes) : null,
    found: chosen === undefined ? found : await readKept(options, chosen, maxBytes),
  };
  return judge(both, options.isShowable(path));
}

/** Why there is none to show; null where its modes decide. */
function withoutContent({ request, sighted, chosen }: Content): string | null {
  const { sides, explanation, open } = sighted;
  if (request.maxBytes === 0) return "it was not asked for";
  if (chosen !== undefined) return null;
  if (request.evidence !== null) return `nothing is kept of it as ${request.evidence}`;
  if (sides.kind === "none") return sides.reason;
  if (open !== null) return null;
  return explanation.kind === "managed"
    ? "nothing differs, and nothing is kept of it"
    : "the path is not managed";
}

async function readKept(
  { evidence }: ShowOptions,
  { id, facts, worldReadable, links }: EvidenceFacts,
  maxBytes: number,
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
