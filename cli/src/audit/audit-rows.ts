/** PURE. Entries as lines for people: what an act came to is told beside the act. */
import {
  AuditEntry,
  AuditLink,
  auditActs,
  type AuditSaid,
  type AuditWho,
} from "@chimera/proto/audit/audit-entry";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { AuditRow } from "../print/audit/audit-table.ts";

/** What --kind takes: the acts, and refusals. */
export const auditKinds: readonly string[] = [...auditActs, "refused"];

/** Names separated by commas; of none all are meant. Throws usage with what there is. */
export function auditKindFilter(words: readonly string[]): (kind: string) => boolean {
  const asked = words.flatMap((word) => word.split(",")).filter((word) => word !== "");
  const unknown = asked.find((word) => !auditKinds.includes(word));
  if (unknown !== undefined)
    throw new ChimeraError("usage", `--kind: "${unknown}" is none of ${auditKinds.join(", ")}`);
  return (kind) => asked.length === 0 || asked.includes(kind);
}

export interface KnownRow extends AuditRow {
  /** As --kind takes it. */
  kind: string;
  /** As it is stored. */
  entry: AuditLink;
}

/** Undefined for an outcome, which is told with its act, and for what is no entry. */
export function auditRow(text: string, outcomes: ReadonlyMap<number, string | null>): KnownRow | undefined {
  const json = parseJson(text);
  const entry = AuditEntry.safeParse(json).data;
  if (entry === undefined) return strangeRow(json);
  const said = saidRow(entry, outcomes);
  const { index, at } = entry;
  return said === undefined ? undefined : { entry, index, at, ...said };
}

/** Of a newer controller. */
function strangeRow(json: unknown): KnownRow | undefined {
  const entry = AuditLink.safeParse(json).data;
  if (entry === undefined) return undefined;
  const { index, at } = entry;
  const what = "something that this version does not know";
  return { kind: "", entry, index, at, who: "?", from: "", what, outcome: "", isBad: false };
}

type SaidRow = Omit<KnownRow, "entry" | "index" | "at">;

function saidRow(
  { index, said }: AuditEntry,
  outcomes: ReadonlyMap<number, string | null>,
): SaidRow | undefined {
  switch (said.kind) {
    case "ended":
      return undefined;
    case "done":
      return { ...actRow(said), outcome: "done", isBad: false };
    case "begun": {
      const code = outcomes.get(index);
      const outcome = code === undefined ? "not known" : (code ?? "done");
      return { ...actRow(said), outcome, isBad: outcome !== "done" };
    }
    case "refused":
    case "refusals":
      return { kind: "refused", isBad: true, ...refusalRow(said) };
  }
}

type Act = Extract<AuditSaid, { act: string }>;

function actRow(said: Act): Pick<SaidRow, "kind" | "who" | "from" | "what"> {
  return { kind: said.act, who: whoText(said.who), from: said.from, what: whatText(said) };
}

function refusalRow(said: Exclude<AuditSaid, Act | { kind: "ended" }>) {
  if (said.kind === "refused") {
    const { who, from, method, route, code: outcome } = said;
    return { who: whoText(who), from, what: `${method} ${route}`, outcome };
  }
  const { codes, count, since } = said;
  const outcome = codes.map((one) => `${one.count} ${one.code}`).join(", ");
  return { who: "many", from: said.from[0]?.from ?? "", what: `${count} refusals since ${since}`, outcome };
}

function whoText(who: AuditWho): string {
  if (who.kind === "nobody") return "no token";
  return who.kind === "local"
    ? `${who.user} on the controller`
    : `${who.name} (${who.role}, token ${who.id})`;
}

function whatText({ act, document, about }: Act): string {
  if (document === null) return about === null ? act : `${act} ${about}`;
  const kind = act === "proposal" ? `${act} of ${document.kind}` : act;
  return `${kind} ${shortDigest(document.id)}, signed by ${document.signedBy.join(", ")}`;
}

/** What came of each act, by the act's index. */
export function noteOutcome(text: string, outcomes: Map<number, string | null>): void {
  const said = AuditEntry.safeParse(parseJson(text)).data?.said;
  if (said?.kind === "ended") outcomes.set(said.of, said.code);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
