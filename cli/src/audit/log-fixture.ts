/** For tests: logs as a controller writes them, and as somebody writes them anew who knows how. */
import { AuditEntry, hashAuditEntry, noEntry, type AuditSaid } from "@chimera/proto/audit/audit-entry";
import { Digest, type FleetId } from "@chimera/proto/names";
import { merkleRoot } from "@chimera/proto/signed/merkle";

const who = { kind: "token", id: "1f2e3d4c", name: "anna", role: "operator" } as const;

/** Acts and their outcomes, one after the other. */
export function saidOf(acts: number): AuditSaid[] {
  return Array.from({ length: acts }, (_, i): AuditSaid[] => [
    { kind: "begun", act: "order", who, from: "10.0.0.7", document: null, about: `act ${i}` },
    { kind: "ended", of: 2 * i, code: null },
  ]).flat();
}

/** A chain that holds. */
export function logOf(fleetId: FleetId, said: readonly AuditSaid[]): string[] {
  const texts: string[] = [];
  for (const [index, one] of said.entries()) {
    const before = texts.at(-1);
    const prev = before === undefined ? noEntry : leafOf(before);
    const at = new Date(Date.UTC(2026, 10, 30, 12, 0, index)).toISOString();
    const entry: AuditEntry = { v: 1, fleetId, index, prev, at, by: "0a1b2c3d", said: one };
    texts.push(JSON.stringify(entry));
  }
  return texts;
}

export function rootOf(texts: readonly string[]): Digest {
  return Digest.parse(merkleRoot(texts.map((text) => hashAuditEntry(Buffer.from(text)))).toString("hex"));
}

/** What was said, with one entry said by another. */
export function toldByMallory(texts: readonly string[], at: number): AuditSaid[] {
  return texts.map((text, index) => {
    const { said } = AuditEntry.parse(JSON.parse(text));
    return index === at && said.kind === "begun" ? { ...said, who: { ...who, name: "mallory" } } : said;
  });
}

function leafOf(text: string): Digest {
  return Digest.parse(hashAuditEntry(Buffer.from(text)).toString("hex"));
}
