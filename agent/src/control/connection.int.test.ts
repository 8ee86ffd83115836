import { createLog } from "@chimera/proto/log";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openConnection, type Connection } from "./connection.ts";
import { createNatsFixture, type NatsFixture } from "./nats-fixture.ts";

const fleet = "f".repeat(64);
const patient = { timeout: 20_000, interval: 50 };
let nats: NatsFixture;
let connection: Connection;
let lines: string[];
let connects: number;

beforeEach(async () => {
  nats = await createNatsFixture(fleet, "n1");
  lines = [];
  connects = 0;
});

afterEach(async () => {
  await connection.close();
  await nats.dispose();
});

function open(nkey = nats.node): Connection {
  connection = openConnection({
    servers: [nats.url],
    name: "n1",
    credentials: () => ({ nkey, pass: null }),
    inboxPrefix: subjects.inboxPrefix("n1"),
    log: createLog({ fields: {}, write: (line) => lines.push(line) }),
    onConnected: () => {
      connects += 1;
    },
  });
  return connection;
}

test("an exception in a callback stops neither the reader nor the process", async () => {
  await nats.start();
  open();
  const heard: string[] = [];
  connection.subscribe(subjects.cmd(fleet, "n1"), (data) => {
    heard.push(Buffer.from(data).toString());
    if (heard.length === 1) throw new Error("the first message is too much");
  });
  await vi.waitFor(() => expect(connection.isConnected()).toBe(true), patient);
  const operator = await nats.operator();
  await vi.waitFor(() => {
    operator.publish(subjects.cmd(fleet, "n1"), "x");
    expect(heard.length).toBeGreaterThan(2);
  }, patient);
  expect(lines.join("")).toContain("the first message is too much");
});

test("a killed server is met again, and subscriptions with it", async () => {
  await nats.start();
  open();
  let heard = 0;
  connection.subscribe(subjects.cmd(fleet, "n1"), () => {
    heard += 1;
  });
  await vi.waitFor(() => expect(connects).toBe(1), patient);
  await nats.kill();
  await vi.waitFor(() => expect(connection.isConnected()).toBe(false), patient);
  expect(connection.publish(subjects.beat(fleet, "n1"), "{}")).toBe(false);
  await expect(connection.request(subjects.status(fleet, "n1"), "{}")).rejects.toThrow("no connection");
  await nats.start();
  await vi.waitFor(() => expect(connects).toBe(2), patient);
  const operator = await nats.operator();
  await vi.waitFor(() => {
    operator.publish(subjects.cmd(fleet, "n1"), "x");
    expect(heard).toBeGreaterThan(0);
  }, patient);
});

test("the server refuses what the allow list does not name, and the connection stays", async () => {
  await nats.start();
  open();
  await vi.waitFor(() => expect(connection.isConnected()).toBe(true), patient);
  await expect(connection.request(subjects.status(fleet, "n2"), "{}")).rejects.toMatchObject({
    code: "deadline-exceeded",
    cause: { message: expect.stringMatching(/Permissions Violation/i) },
  });
  connection.subscribe(subjects.cmd(fleet, "n2"), () => undefined);
  await vi.waitFor(() => expect(lines.join("")).toContain("subscription was refused"), patient);
  const { code } = await connection.request(subjects.desiredGet("head", fleet), "");
  expect(code).toBe(404);
});

test("a client that gave itself up is replaced, with its subscriptions", async () => {
  await nats.start();
  let signs = 0;
  const sign = (bytes: Buffer): Buffer => {
    signs += 1;
    // What the client does not survive: it closes for ever.
    if (signs === 2) throw new Error("no signature today");
    return nats.node.sign(bytes);
  };
  open({ ...nats.node, sign });
  let heard = 0;
  connection.subscribe(subjects.cmd(fleet, "n1"), () => {
    heard += 1;
  });
  await vi.waitFor(() => expect(connects).toBe(1), patient);
  await nats.kill();
  await nats.start();
  await vi.waitFor(() => expect(lines.join("")).toContain("NATS client stopped"), patient);
  const operator = await nats.operator();
  await vi.waitFor(() => {
    operator.publish(subjects.cmd(fleet, "n1"), "x");
    expect(heard).toBeGreaterThan(0);
  }, patient);
}, 60_000);
