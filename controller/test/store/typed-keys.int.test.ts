/** Keys on their way through the controller: carried as they are, and by no token that may only read. */
import { Digest } from "@chimera/proto/names";
import { sealTyped } from "@chimera/proto/sessions/keyboard";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsNode } from "../fixture/raw-nats.ts";
import { openedViewer } from "../fixture/raw-viewer.ts";
import { startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";

let fleet: TestFleet;
let node: NatsConnection;
const heard: string[] = [];
const typed = sealTyped(Buffer.alloc(32, 1), {
  order: Digest.parse("a".repeat(64)),
  seq: 1,
  typed: { kind: "keys", keys: "bHMN" },
});

beforeAll(async () => {
  fleet = await startTestFleet();
  node = await connectAsNode(fleet, "n1");
  node.subscribe(subjects.sessionKeys(fleetId, "n1", "*"), {
    callback: (_, message) => void heard.push(`${message.subject.split(".")[4]} ${message.string()}`),
  });
  await node.flush();
});
afterAll(async () => {
  await node.close();
  await fleet.stop();
});

const open = (role: string) => openedViewer(fleet, "/v1/sessions/n1/exec-1/attach", role);

test("whoever may only read is let go for typing, and the node hears nothing", async () => {
  const { socket, closed } = await open("viewer");
  socket.send(JSON.stringify({ v: 1, typed }));
  expect(await closed).toEqual([1008, "this token may only watch"]);
  expect(heard).toEqual([]);
});

test("what an operator types comes to the node as it is, on the keys' subject of that session alone", async () => {
  const { socket, closed } = await open("operator");
  socket.send(JSON.stringify({ v: 1, typed, session: "exec-2" }));
  await eventually("keys", () => heard.length === 1);
  expect(heard).toEqual([`exec-1 ${JSON.stringify(typed)}`]);
  socket.send(JSON.stringify({ v: 1, typed: { ...typed, mac: "none" } }));
  expect(await closed).toEqual([1008, "that is no ask"]);
});
