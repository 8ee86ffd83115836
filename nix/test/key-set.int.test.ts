/** What Nix says of a key set before a machine is built with it, beside what proto says of the same envelope. */
import { expect, test } from "vitest";
import { canonicalBase64, type Envelope } from "../../proto/src/signed/envelope.ts";
import { openPinnedKeySet } from "../../proto/src/signed/key-set.ts";
import { FleetId } from "../../proto/src/names.ts";
import { ChimeraError } from "../../proto/src/errors.ts";
import { evaluate } from "./evaluate.ts";
import { exampleKeys } from "./example-keys.ts";

const { first, second, fleetId } = exampleKeys;
const otherFleet = FleetId.parse("ab".repeat(32));
const [rootOne, rootTwo] = first.signatures;
if (rootOne === undefined || rootTwo === undefined) throw new Error("the first key set has two signatures");

interface Case {
  name: string;
  envelope: Envelope;
  fleetId?: FleetId;
  /** null: Nix has nothing against it. */
  problem: string | null;
}

const wrongFleet = (version: number) =>
  `option: is key set ${version} of fleet ${fleetId}, but fleetId is ${otherFleet}`;
const notKeySet = "option.payload: is not a key set of version 1 of the format";
const unfinished = "option.signatures: name 1 of 2 root keys";

const cases: Case[] = [
  { name: "the first one", envelope: first, problem: null },
  { name: "a later one", envelope: second, problem: null },
  { name: "the first one of another fleet", envelope: first, fleetId: otherFleet, problem: wrongFleet(1) },
  { name: "a later one of another fleet", envelope: second, fleetId: otherFleet, problem: wrongFleet(2) },
  {
    name: "one that says it is a head",
    envelope: { ...first, payloadType: "application/vnd.chimera.head.v1+json" },
    problem: 'option.payloadType: is "application/vnd.chimera.head.v1+json"',
  },
  { name: "a head in its place", envelope: withSet({ v: 1, kind: "head" }), problem: notKeySet },
  { name: "a list", envelope: withSet([]), problem: notKeySet },
  { name: "version 0", envelope: withSet({ v: 1, kind: "keys", version: 0 }), problem: notKeySet },
  { name: "version as text", envelope: withSet({ v: 1, kind: "keys", version: "1" }), problem: notKeySet },
  {
    name: "the first one with one more blank",
    envelope: withText(`${textOf(first)} `),
    problem: "option: is key set 1 of fleet",
  },
  {
    name: "a later one that nobody may sign",
    envelope: withSet({ v: 1, kind: "keys", version: 2, fleetId }),
    problem: "option.signatures: name 0 of 1 root keys",
  },
  {
    name: "one signature short",
    envelope: { ...first, signatures: [rootTwo] },
    problem: unfinished,
  },
  {
    name: "one key twice",
    envelope: { ...second, signatures: second.signatures.map((one) => ({ ...one, keyid: rootOne.keyid })) },
    problem: unfinished,
  },
  {
    name: "base 64 without its padding",
    envelope: { ...first, payload: first.payload.replace(/=+$/, "") },
    problem: "option.payload: is not base 64",
  },
  {
    name: "a line break in base 64",
    envelope: { ...first, payload: `${first.payload.slice(0, 76)}\n${first.payload.slice(76)}` },
    problem: "option.payload: is not base 64",
  },
  {
    name: "a byte that is not ASCII",
    envelope: withText(textOf(first).replace("example", "ex\u00e4mple")),
    problem: "option.payload: has a byte that no key set of Chimera has",
  },
  {
    name: "a zero byte",
    envelope: withText(textOf(first).replace("example", "ex\0mple")),
    problem: "option.payload: has a byte that no key set of Chimera has",
  },
  // Nix has no ed25519: this is left to the programs.
  {
    name: "signatures that were swapped",
    envelope: {
      ...first,
      signatures: [
        { ...rootOne, sig: rootTwo.sig },
        { ...rootTwo, sig: rootOne.sig },
      ],
    },
    problem: null,
  },
];

const evaluated = evaluate("tests/pure.nix", "keySetProblems", [
  "--argstr",
  "json",
  JSON.stringify(cases.map((one) => ({ fleetId: one.fleetId ?? fleetId, envelope: one.envelope }))),
]);

test.each(cases.map((one, index) => ({ ...one, index })))("Nix on $name", async ({ problem, index }) => {
  const { value, error } = await evaluated;
  expect(String(valueAt(value, index)), error).toContain(String(problem));
});

test("what Nix refuses, the programs refuse too; of what it lets pass, only what is badly signed", async () => {
  const { value } = await evaluated;
  const refusedHere = cases.filter((one) => !isPinnable(one)).map(({ name }) => name);
  const refusedByNix = cases.filter((_, index) => isRefused(value, index)).map(({ name }) => name);
  expect(refusedHere).toEqual([...refusedByNix, "signatures that were swapped"]);
});

test("a payload that is not JSON stops the evaluation", async () => {
  const json = JSON.stringify([{ fleetId, envelope: withText("{") }]);
  const { value, error } = await evaluate("tests/pure.nix", "keySetProblems", ["--argstr", "json", json]);
  expect(value).toBeUndefined();
  expect(error).toContain("while reading the payload of a key set");
});

test("Nix reads base 64 as node does, and only in the form that proto takes", async () => {
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");
  const texts = [
    "",
    "f",
    "fo",
    "foo",
    "foob",
    "fooba",
    "foobar",
    printable,
    "\t\r\n",
    "\u007f",
    "\u0000",
    "ü",
  ];
  const encoded = texts.map((text) => Buffer.from(text).toString("base64"));
  const hostile = [
    "Zg",
    "Zg=",
    "Zh==",
    "Zm9=",
    "Zm8",
    "====",
    "Z===",
    "=",
    "Zg==Zg==",
    "Zm-_",
    "Zm9v ",
    "Zm9v\n",
    "Zm9vZ",
  ];
  const all = [...encoded, ...hostile];
  const list = `[ ${all.map((text) => JSON.stringify(text)).join(" ")} ]`;
  const { value, error } = await evaluate("tests/pure.nix", "decoded", ["--arg", "texts", list]);
  expect(value, error).toEqual(all.map(decoded));
  expect(hostile.map(decoded).every(({ bytes }) => bytes === null)).toBe(true);
});

function decoded(text: string): { bytes: number[] | null; text: string | null } {
  if (!canonicalBase64(1000).safeParse(text).success) return { bytes: null, text: null };
  const bytes = Buffer.from(text, "base64");
  const isText = bytes.every((byte) => (byte >= 32 && byte < 127) || [9, 10, 13].includes(byte));
  return { bytes: [...bytes], text: isText ? bytes.toString("latin1") : null };
}

function textOf({ payload }: Envelope): string {
  return Buffer.from(payload, "base64").toString("utf8");
}

function withText(text: string): Envelope {
  return { ...first, payload: Buffer.from(text).toString("base64") };
}

function withSet(set: unknown): Envelope {
  return withText(JSON.stringify(set));
}

function isPinnable(one: Case): boolean {
  try {
    openPinnedKeySet(one.envelope, one.fleetId ?? fleetId);
    return canonicalBase64(1 << 20).safeParse(one.envelope.payload).success;
  } catch (error) {
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}

function isRefused(problems: unknown, index: number): boolean {
  return valueAt(problems, index) !== null;
}

function valueAt(list: unknown, index: number): unknown {
  return Array.isArray(list) ? list[index] : undefined;
}
