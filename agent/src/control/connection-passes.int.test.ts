/** An agent's connection to a real nats-server that knows its users by passes, with the files that a node has. */
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { FleetId } from "@chimera/proto/names";
import { generateNkey } from "@chimera/proto/nkey";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openCredentials } from "../host/agent/credentials.ts";
import { openConnection, type Connection } from "./connection.ts";
import { startPassFixture, type PassFixture } from "./pass-fixture.ts";

const fleet = FleetId.parse("f".repeat(64));
const patient = { timeout: 20_000, interval: 50 };
let nats: PassFixture;
let connection: Connection;
let lines: string[];
let connects: number;
let files: { seedFile: string; passFile: string };
let nkey: string;

beforeEach(async () => {
  nats = await startPassFixture(fleet);
  lines = [];
  connects = 0;
  files = { seedFile: join(nats.folder, "nats.seed"), passFile: join(nats.folder, "nats.pass") };
  nkey = putSeed();
});
afterEach(async () => {
  await connection.close();
  await nats.stop();
});

function putSeed(): string {
  const { seed, publicKey } = generateNkey();
  writeFileSync(files.seedFile, `${seed}\n`, { mode: 0o600 });
  return publicKey;
}

const putPass = (seconds: number) => writeFileSync(files.passFile, `${nats.passOf(nkey, seconds)}\n`);

function open(): void {
  const log = createLog({ fields: {}, write: (line) => lines.push(line) });
  connection = openConnection({
    servers: [nats.url],
    name: "n1",
    credentials: openCredentials(files, log),
    inboxPrefix: subjects.inboxPrefix("n1"),
    log,
    onConnected: () => {
      connects += 1;
    },
  });
}

const untilIn = () => vi.waitFor(() => expect(connection.isConnected()).toBe(true), patient);
const untilOut = () => vi.waitFor(() => expect(connection.isConnected()).toBe(false), patient);

test("a pass that was renewed in place lets the node in again when the one before it ends, without a restart", async () => {
  putPass(2);
  open();
  await untilIn();
  const heard: string[] = [];
  connection.subscribe(subjects.cmd(fleet, "n1"), (data) => heard.push(Buffer.from(data).toString()));
  putPass(3600);
  await vi.waitFor(() => expect(connects).toBe(2), patient);
  await untilIn();
  expect(lines.join("")).not.toContain("NATS client stopped");
  // It is the same connection, with all that it listens on.
  expect(connection.publish(subjects.beat(fleet, "n1"), "{}")).toBe(true);
});

test("without a pass, or with one that is over, it keeps knocking, and is in as soon as there is one", async () => {
  open();
  await vi.waitFor(() => expect(lines.join("")).toContain("NATS credentials were not read"), patient);
  expect(connection.isConnected()).toBe(false);
  putPass(4);
  await untilIn();
  await untilOut();
  putPass(3600);
  await untilIn();
});

test("another seed with its pass, both put in place, count at the next connect", async () => {
  putPass(2);
  open();
  await untilIn();
  nkey = putSeed();
  putPass(3600);
  await vi.waitFor(() => expect(connects).toBe(2), patient);
  await untilIn();
});

test("a pass of another nkey, or garbage in its place, is said and not used: the last good one goes on", async () => {
  putPass(4);
  open();
  await untilIn();
  writeFileSync(files.passFile, nats.passOf(generateNkey().publicKey, 3600));
  await vi.waitFor(() => expect(lines.join("")).toContain(`it is a pass of U`), patient);
  writeFileSync(files.passFile, "\0".repeat(10_000));
  await vi.waitFor(() => expect(lines.join("")).toContain("no JWT"), patient);
  unlinkSync(files.seedFile);
  await vi.waitFor(() => expect(lines.join("")).toContain("nats.seed could not be read"), patient);
  expect(lines.join("")).not.toContain("NATS client stopped");
});
