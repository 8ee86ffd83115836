import { expect, test } from "vitest";
import {
  headOf,
  headTwo,
  idOf,
  keySetOne,
  panicSigner,
  publishers,
  signHead,
} from "../../test/test-fleet.ts";
import {
  composeEnvelope,
  Envelope,
  mergeSignatures,
  requireSigners,
  seal,
  signersOf,
  signingInput,
} from "./envelope.ts";

const head = headOf(3, "c");
const [one, two, three] = publishers.map((publisher) => signHead(head, [publisher]));
if (one === undefined || two === undefined || three === undefined) throw new Error("no publishers");
const of = { kind: "head", role: keySetOne.roles.publish } as const;

test("signatures that come one by one make the same document as those that come at once", () => {
  const merged = mergeSignatures(one, two);
  expect(merged).toEqual(signHead(head, publishers.slice(0, 2)));
  expect(idOf(merged)).toBe(idOf(one));
  expect(requireSigners(merged, of)).toEqual(["ops-1", "ops-2"]);
});

test("a proposal names who has signed so far, each once, and nobody else", () => {
  expect(signersOf(one, of)).toEqual(["ops-1"]);
  expect(signersOf(mergeSignatures(one, one), of)).toEqual(["ops-1"]);
  expect(mergeSignatures(one, one)).toEqual(one);
  const stranger = seal("head", head, [panicSigner]);
  expect(signersOf(mergeSignatures(one, stranger), of)).toEqual(["ops-1"]);
  expect(() => requireSigners(mergeSignatures(one, stranger), of)).toThrow(
    '1 of 2 valid head signatures (it names "ops-1", "panic-1")',
  );
});

test("a signature of another document does not count, and such envelopes are not merged", () => {
  expect(() => mergeSignatures(one, headTwo)).toThrow("two envelopes of different documents");
  const moved = { ...one, signatures: [...one.signatures, ...headTwo.signatures] };
  expect(signersOf(moved, of)).toEqual(["ops-1"]);
});

test("more signatures than an envelope holds are an answer, not a crash", () => {
  const crowd = {
    ...one,
    signatures: Array.from({ length: 32 }, (_, i) => ({
      keyid: `k${i}`,
      sig: Buffer.alloc(64).toString("base64"),
    })),
  };
  expect(() => mergeSignatures(crowd, two)).toThrow(expect.objectContaining({ code: "input-invalid" }));
});

test("a key in another process signs the same bytes", () => {
  const payload = Buffer.from(JSON.stringify(head));
  const signatures = publishers.slice(0, 2).map((publisher) => ({
    keyid: publisher.name,
    sig: publisher.sign(signingInput("head", payload)).toString("base64"),
  }));
  expect(composeEnvelope("head", payload, signatures)).toEqual(signHead(head));
});

const [signature] = one.signatures;
test.each([
  ["without signatures", { ...one, signatures: [] }],
  ["with 33 signatures", { ...one, signatures: Array.from({ length: 33 }, () => signature) }],
  [
    "with a signature of 63 bytes",
    { ...one, signatures: [{ keyid: "a", sig: Buffer.alloc(63).toString("base64") }] },
  ],
  ["with a payload in another spelling", { ...one, payload: `${one.payload}\n` }],
  ["with a payload in base 64 for addresses", { ...one, payload: "-_-_" }],
  ["with a payload whose last digit says more than its bytes", { ...one, payload: "YR==" }],
  ["with a payload of more than a mebibyte", { ...one, payload: "A".repeat((1 << 20) + 4) }],
  ["with a payload that is an object", { ...one, payload: { head } }],
])("an envelope %s is none", (_, envelope) => {
  expect(Envelope.safeParse(envelope).success).toBe(false);
});
