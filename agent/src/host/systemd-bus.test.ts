import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callMessage, createWireReader, takeMessage } from "./dbus-wire.ts";
import { askSystemd } from "./systemd-bus.ts";

/** What systemd 257 answered to Get(SystemState), byte for byte. */
const recorded = Buffer.from(
  "l\u0002\u0001\u0001\u0010\0\0\0\u0001\0\0\x007\0\0\0\u0005\u0001u\0\u0001\0\0\0\u0007\u0001s\0\u0018\0\0\0" +
    "org.freedesktop.systemd1\0\0\0\0\0\0\0\0\b\u0001g\0\u0001v\0\0\u0001s\0\0\u0007\0\0\0running\0",
  "latin1",
);

let folder: string;
let socket: string;
let server: Server;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-bus-"));
  socket = join(folder, "private");
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function answerWith(bytes: Buffer): Promise<void> {
  server = createServer((client) =>
    client.on("error", () => undefined).once("data", () => client.end(bytes)),
  );
  server.listen(socket);
  await once(server, "listening");
}

test("a recorded answer is taken whole, and not before it is whole", async () => {
  await answerWith(Buffer.alloc(0));
  expect(takeMessage(recorded.subarray(0, -1))).toBeUndefined();
  const message = takeMessage(Buffer.concat([recorded, recorded]));
  expect(message).toMatchObject({ kind: "answer", length: recorded.length });
  const reader = createWireReader(message?.body ?? Buffer.alloc(0));
  expect(reader.signature()).toBe("s");
  expect(reader.string()).toBe("running");
  expect(() => reader.string()).toThrow(RangeError);
});

test("a call's header says how long its parts are", async () => {
  await answerWith(Buffer.alloc(0));
  const call = callMessage({ path: "/a", interface: "b.c", member: "D", list: ["failed", "x"] }, 7);
  expect(takeMessage(call)).toMatchObject({ kind: "other", length: call.length });
  expect(call.readUInt32LE(8)).toBe(7);
});

for (const [name, bytes] of [
  ["nothing", Buffer.alloc(0)],
  ["a refusal", Buffer.from("REJECTED EXTERNAL\r\n")],
  ["one answer of two", Buffer.concat([Buffer.from("OK 1\r\n"), recorded])],
  ["an answer of the wrong shape", Buffer.concat([Buffer.from("OK 1\r\n"), recorded, recorded])],
  ["rubbish", Buffer.concat([Buffer.from("OK 1\r\n"), Buffer.alloc(1000, 0xff)])],
] as const) {
  test(`${name} is no answer`, async () => {
    await answerWith(bytes);
    await expect(askSystemd(["failed"], socket)).rejects.toThrow(/did not answer/);
  });
}

test("no socket is no answer", async () => {
  await answerWith(Buffer.alloc(0));
  await expect(askSystemd(["failed"], join(folder, "none"))).rejects.toThrow(/did not answer/);
});
