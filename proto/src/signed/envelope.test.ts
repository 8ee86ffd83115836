import { expect, test } from "vitest";
import { z } from "zod";
import {
  DocumentKind,
  Envelope,
  openEnvelope,
  payloadType,
  preAuthEncoding,
  RoleKeys,
  seal,
  sealBytes,
} from "./envelope.ts";
import { generateKey, parseSecretKey, PublicKeyText } from "./keys.ts";

const signers = ["a", "b", "c"].map((name) => parseSecretKey(generateKey(name).secret));
const [a, b, c] = signers;
if (a === undefined || b === undefined || c === undefined) throw new Error("no signers");
const Message = z.object({ n: z.int() });
const role = (threshold: number, ...keys: PublicKeyText[]) => RoleKeys.parse({ keys, threshold });
const one = { kind: "head", role: role(1, a.publicKey) } as const;
const two = { kind: "head", role: role(2, a.publicKey, b.publicKey) } as const;

test("encodes as DSSE's own example", () => {
  const pae = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
  expect(pae.toString()).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
});

test("opens what enough trusted keys sealed, and names them", () => {
  const opened = openEnvelope(seal("head", { n: 1 }, [a, b]), two, Message);
  expect(opened).toMatchObject({ message: { n: 1 }, signedBy: ["a", "b"] });
});

test("refuses a changed payload before it reads it", () => {
  const envelope = { ...seal("head", { n: 1 }, [a]), payload: btoa("not even JSON") };
  expect(() => openEnvelope(envelope, one, Message)).toThrow(/0 of 1 valid head signatures/);
});

test("refuses a document of another kind, though it is signed", () => {
  expect(() => openEnvelope(seal("status", { n: 1 }, [a]), one, Message)).toThrow(/payload type/);
  const relabelled = {
    ...seal("status", { n: 1 }, [a]),
    payloadType: "application/vnd.chimera.head.v1+json",
  };
  expect(() => openEnvelope(relabelled, one, Message)).toThrow(/0 of 1/);
});

test("refuses a key that is not trusted, also under a trusted name", () => {
  expect(() => openEnvelope(seal("head", { n: 1 }, [c]), one, Message)).toThrow(/0 of 1/);
  const impostor = { ...c, name: "a" };
  expect(() => openEnvelope(seal("head", { n: 1 }, [impostor]), one, Message)).toThrow(/0 of 1/);
});

test("counts a key once, however often and under whatever name it signs", () => {
  expect(() => openEnvelope(seal("head", { n: 1 }, [a, a]), two, Message)).toThrow(/1 of 2/);
  const alias = PublicKeyText.parse(a.publicKey.replace(/^a:/, "z:"));
  const aliased = { kind: "head" as const, role: { keys: [a.publicKey, alias, b.publicKey], threshold: 2 } };
  expect(() => openEnvelope(seal("head", { n: 1 }, [a, { ...a, name: "z" }]), aliased, Message)).toThrow(
    /1 of 2/,
  );
  expect(RoleKeys.safeParse({ keys: [a.publicKey, alias], threshold: 2 }).success).toBe(false);
});

test("names the field of a signed payload that does not fit", () => {
  expect(() => openEnvelope(seal("head", { n: "x" }, [a]), one, Message)).toThrow(/at n/);
  expect(() => openEnvelope(sealBytes("head", Buffer.from("{"), [a]), one, Message)).toThrow(/not JSON/);
});

test("a type that could move a cursor is no envelope's, and those of documents are", () => {
  for (const kind of DocumentKind.options) {
    expect(Envelope.parse(seal(kind, { n: 1 }, [a])).payloadType).toBe(payloadType(kind));
  }
  for (const type of ["\u001b[2J", "a\nb", "a\u009b2J", "a\u202eb", "\u007f", "\u0000"]) {
    const envelope = { ...seal("head", { n: 1 }, [a]), payloadType: type };
    expect(Envelope.safeParse(envelope).error?.issues, JSON.stringify(type)).toMatchObject([
      { path: ["payloadType"] },
    ]);
  }
});
