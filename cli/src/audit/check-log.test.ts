import { FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { AuditSaid } from "@chimera/proto/audit/audit-entry";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { expect, test } from "vitest";
import { createLogCheck } from "./check-log.ts";
import { logOf, rootOf, saidOf, toldByMallory } from "./log-fixture.ts";

const fleetId = FleetId.parse("a".repeat(64));
const other = FleetId.parse("b".repeat(64));
const log = logOf(fleetId, saidOf(5));
const at = (index: number): string => log[index] ?? "";

function check(texts: readonly string[], sizes: number[] = [], isSigned = true) {
  const checking = createLogCheck({ fleetId, sizes: new Set(sizes), isSigned: () => isSigned });
  for (const text of texts) checking.take(text);
  return checking.end();
}

const whatIsFound = (texts: readonly string[]) =>
  check(texts).findings.map(({ index, what }) => `${index}: ${what}`);

test("a whole log has nothing wrong with it, and its roots are those of the tree over its entries", () => {
  const found = check(log, [1, 4, 10, 11]);
  expect(found).toMatchObject({ size: 10, root: rootOf(log), findings: [], open: [] });
  expect([...found.roots]).toEqual([1, 4, 10].map((size) => [size, rootOf(log.slice(0, size))]));
  expect([found.firstAt, found.lastAt]).toEqual(["2026-11-30T12:00:00.000Z", "2026-11-30T12:00:09.000Z"]);
});

test("what was begun and has no outcome is told, and is no fault", () => {
  expect(check(log.slice(0, 9))).toMatchObject({ findings: [], open: [{ index: 8, act: "order" }] });
});

const edited = at(4).replace("anna", "mallory");
test.each<[string, string[], string[]]>([
  ["edited", log.with(4, edited), ["5: the entry does not follow from entry 4: one of the two was changed"]],
  ["taken out", log.toSpliced(4, 1), ["4: entry 4 is missing: taken out"]],
  ["taken out, three of them", log.toSpliced(4, 3), ["4: entries 4 to 6 are missing: taken out"]],
  [
    "laid in twice",
    log.toSpliced(4, 0, at(3)),
    ["3: the entry lies where 4 is due: there twice, or put elsewhere"],
  ],
  [
    "exchanged",
    log.with(4, at(5)).with(5, at(4)),
    [
      "4: entry 4 is missing: taken out",
      "4: the entry lies where 6 is due: there twice, or put elsewhere",
      "5: entry 5 is missing: taken out",
    ],
  ],
  ["cut off in front", log.slice(2), ["0: entries 0 to 1 are missing: taken out"]],
  [
    "no entry",
    log.with(4, "garbage"),
    ["4: what lies there is no entry of an audit log", expect.stringMatching(/^5: /u)],
  ],
  [
    "an entry of another fleet",
    log.with(4, at(4).replace(fleetId, other)),
    [`4: that entry is of fleet ${other}`, expect.stringMatching(/^5: /u)],
  ],
  ["a space more", log.with(9, at(9).replace(":", ": ")), []],
])("a log of which one entry is %s says which", (_, texts, findings) => {
  expect(whatIsFound(texts)).toEqual(findings);
});

test("the newest entry, and a chain that was written anew from an edit on, have another root: nothing else shows it", () => {
  const anew = logOf(fleetId, toldByMallory(log, 4));
  expect(anew.slice(0, 4)).toEqual(log.slice(0, 4));
  const found = check(anew, [4, 10]);
  expect(found.findings).toEqual([]);
  expect(found.roots.get(4)).toBe(rootOf(log.slice(0, 4)));
  expect(found.roots.get(10)).not.toBe(rootOf(log));
  expect(check(log.with(9, at(9).replace(":", ": "))).root).not.toBe(rootOf(log));
});

test("a document that is not the one that the entry names, or that nobody signed, is found", () => {
  const signer = parseSecretKey(generateKey("ops-publish").secret);
  const envelope = seal("head", { v: 1 }, [signer]);
  const id = sha256(Buffer.from(envelope.payload, "base64"));
  const document = { kind: "head", id, signedBy: ["ops-publish"], envelope, kept: null };
  const [act] = saidOf(1);
  const withDocument = (change: object): AuditSaid[] =>
    act?.kind === "begun" ? [{ ...act, document: { ...document, ...change } }] : [];
  const good = logOf(fleetId, withDocument({}));
  expect(check(good).findings).toEqual([]);
  expect(check(good, [], false).findings).toEqual([
    { index: 0, what: "no key of the fleet has signed the head document in it" },
  ]);
  const wrong = logOf(fleetId, withDocument({ id: sha256(Buffer.from("another")) }));
  expect(check(wrong).findings).toMatchObject([{ index: 0, what: expect.stringContaining("is not ") }]);
});
