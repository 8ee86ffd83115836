/** Key sets as a hostile or forgetful controller shows them: what is believed, what is remembered, what is refused. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { openFirstKeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testIo } from "../../test/fixture/operator.ts";
import type { Io } from "../io.ts";
import { fleetKeys, rememberedKeys } from "./key-chain.ts";
import { copyFolder } from "./operator-copy.ts";

const root = parseSecretKey(generateKey("root").secret);
const thief = parseSecretKey(generateKey("thief").secret);
const first = keySet(1);
const { fleetId } = openFirstKeySet(first);
const second = keySet(2);
const third = keySet(3);
const otherSecond = keySet(2, "2098-01-01T00:00:00.000Z");

let home: string;
let io: Io;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "chimera-chain-"));
  ({ io } = testIo(home));
});
afterEach(async () => rm(home, { recursive: true }));

function keySet(version: number, expires = "2099-01-01T00:00:00.000Z", by = root): Envelope {
  const role = { keys: [by.publicKey], threshold: 1 };
  const roles = { root: role, publish: role, panic: role, order: role };
  const fleet = version === 1 ? {} : { fleetId };
  return seal("keys", { v: 1, kind: "keys", ...fleet, epoch: 0, version, expires, roles }, [by]);
}

/** What the controller shows. */
async function look(...shown: Envelope[]): Promise<number> {
  return (await fleetKeys(io, { keys: async () => shown }, { fleetId })).newest.set.version;
}

async function refusal(...shown: Envelope[]): Promise<unknown> {
  return look(...shown).then(
    (version) => ({ taken: version }),
    (error: unknown) => error,
  );
}

test("the chain is walked to its end, and each key set is kept here", async () => {
  expect(await look(first, second)).toBe(2);
  expect(await look(first, second, third)).toBe(3);
  expect((await readdir(copyFolder(io, fleetId))).toSorted()).toEqual([
    "keys.1.json",
    "keys.2.json",
    "keys.3.json",
  ]);
  expect((await rememberedKeys(io, fleetId))?.newest.set.version).toBe(3);
});

test("an older chain than was seen is refused: retired keys would count again", async () => {
  await look(first, second);
  expect(await refusal(first)).toMatchObject({
    code: "keys-stale",
    message: expect.stringMatching(/shows key set 1, but 2 was seen here.*reseed/u),
  });
});

test("a chain that forks off what was seen is refused, also when it is longer", async () => {
  await look(first, second);
  const forked = expect.objectContaining({ code: "content-conflict" });
  expect(await refusal(first, otherSecond)).toEqual(forked);
  expect(await refusal(first, otherSecond, third)).toEqual(forked);
});

test("another fleet's chain is refused, however well it is signed", async () => {
  expect(await refusal(keySet(1, undefined, thief))).toMatchObject({
    code: "fleet-mismatch",
    message: expect.stringContaining(`the context is for ${fleetId}`),
  });
});

test.each<[string, Envelope[], string]>([
  ["a key set that only a thief signed", [first, keySet(2, undefined, thief)], "signature-invalid"],
  ["a gap", [first, third], "keys-skipped"],
  ["one key set twice", [first, first, second], "keys-stale"],
  ["a step back", [first, second, otherSecond], "keys-stale"],
  ["a later key set as the first", [second], "keys-skipped"],
  ["nothing", [], "input-invalid"],
])("%s is refused, and nothing is remembered of it", async (_, shown, code) => {
  expect(await refusal(...shown)).toMatchObject({ code });
  expect(await rememberedKeys(io, fleetId)).toBeUndefined();
});

test("a damaged or missing copy is told, not replaced by what the controller says", async () => {
  await look(first, second, third);
  const folder = copyFolder(io, fleetId);
  await writeFile(join(folder, "keys.3.json"), "{");
  expect(await refusal(first, second, third)).toMatchObject({ code: "state-invalid" });
  await rm(join(folder, "keys.1.json"));
  expect(await refusal(first, second)).toMatchObject({
    code: "state-invalid",
    message: expect.stringContaining("keys.1.json is missing"),
  });
});
