/** What a publication over ssh rests on: node keys that somebody has proven, and a word of freshness by the right key alone. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeName } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { openFresh } from "@chimera/proto/signed/fresh";
import { Head, openHead } from "@chimera/proto/signed/head";
import { generateKey } from "@chimera/proto/signed/keys";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSignedFleet } from "../../../test/fixture/signed-fleet.ts";
import { refuseOverSsh } from "./deploy-over-ssh.ts";
import { provenNodeKeys } from "./plan-over-ssh.ts";
import { signFresh } from "./sign-fresh.ts";
import { requireOver, SshOptions } from "../ssh-options.ts";

const fleet = createSignedFleet(["a", "b"]);
const [first] = fleet.chain;
if (first === undefined) throw new Error("no keys");
const online = generateKey("online");
const fresh = { keys: [online.public], threshold: 1 };
const keySet = { ...first.set, roles: { ...first.set.roles, fresh } };
const signed = fleet.head(7, fleet.world());
const { head } = openHead(signed.envelope, fleet.roles.publish);
const about = { head: Head.parse(head), id: signed.id, nowMs: Date.parse("2026-11-23T12:00:00.000Z") };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chimera-fresh-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function keyFile(secret: string): Promise<string> {
  const path = join(folder, "fresh.key");
  await writeFile(path, `${secret}\n`, { mode: 0o600 });
  return path;
}

test("the online key's word names the very head that it goes with", async () => {
  const envelope = await signFresh(await keyFile(online.secret), { keySet, ...about });
  if (envelope === null) throw new Error("a key was named");
  const opened = openFresh(envelope, fresh);
  expect(opened.fresh).toMatchObject({ fleetId: fleet.fleetId, at: "2026-11-23T12:00:00.000Z" });
  expect(opened.fresh.head).toEqual({ epoch: 0, serial: 7, id: signed.id });
  expect(sha256(Buffer.from(signed.envelope.payload, "base64"))).toBe(opened.fresh.head?.id);
});

test("without a key nothing is said, and another key's word is not made", async () => {
  expect(await signFresh(undefined, { keySet, ...about })).toBeNull();
  const stranger = await keyFile(generateKey("online").secret);
  await expect(signFresh(stranger, { keySet, ...about })).rejects.toMatchObject({
    code: "signature-invalid",
  });
  const own = await keyFile(online.secret);
  await expect(signFresh(own, { keySet: first.set, ...about })).rejects.toMatchObject({
    code: "signature-invalid",
  });
});

test("a node's key is that of chimera.toml, else of its signed leaf; without either it is named", () => {
  const [a, b, z] = ["a", "b", "z"].map((name) => NodeName.parse(name));
  if (a === undefined || b === undefined || z === undefined) throw new Error("three names");
  const key = generateKey("a").public;
  const project = { nodes: { a: { key, tags: [] } } };
  const keys = provenNodeKeys([a, b], { project, leaves: fleet.world() });
  expect([keys.get(a), keys.get(b)]).toEqual([key, fleet.node("b").nodeKey]);
  expect(() => provenNodeKeys([a, z], { project, leaves: fleet.world() })).toThrow(
    expect.objectContaining({ code: "node-unknown", message: expect.stringMatching(/no key of z:/u) }),
  );
});

test("what needs a controller or a lead is refused, and options of ssh alone say nothing without it", () => {
  const usage = expect.objectContaining({ code: "usage" });
  expect(() => refuseOverSsh({ propose: true }, null)).toThrow(usage);
  expect(() => refuseOverSsh({ propose: false }, { waves: ["rest"] })).toThrow(/--no-waves/u);
  expect(() => refuseOverSsh({ propose: false }, null)).not.toThrow();
  const options = SshOptions.parse({ freshKey: "x" });
  expect(() => requireOver(options)).toThrow(/--fresh-key says nothing without --over ssh/u);
  expect(() => requireOver({ ...options, over: "ssh" })).not.toThrow();
  expect(() => requireOver(SshOptions.parse({ sshTarget: ["a=b"] }))).toThrow(/--ssh-target/u);
  expect(() => requireOver(SshOptions.parse({}))).not.toThrow();
});
