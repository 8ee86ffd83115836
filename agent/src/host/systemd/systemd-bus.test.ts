import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callMessage, createWireReader, takeMessage } from "./dbus-wire.ts";
import { mountUnit, serviceThatRanTooLong } from "./systemd-answers-fixture.ts";
import { askSystemd, askUnit, unitPath } from "./systemd-bus.ts";
import { readUnitState } from "./systemd.ts";

/** What systemd 257 answered to Get(SystemState), byte for byte. */
const recorded = Buffer.from(
  "l\u0002\u0001\u0001\u0010\0\0\0\u0001\0\0\x007\0\0\0\u0005\u0001u\0\u0001\0\0\0\u0007\u0001s\0\u0018\0\0\0" +
    "org.freedesktop.systemd1\0\0\0\0\0\0\0\0\b\u0001g\0\u0001v\0\0\u0001s\0\0\u0007\0\0\0running\0",
  "latin1",
);

let folder: string;
let socket: string;
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-bus-"));
  socket = join(folder, "private");
});
afterEach(() => {
  server?.close();
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
  expect(message).toMatchObject({ kind: "answer", replyTo: 1, length: recorded.length });
  const reader = createWireReader(message?.body ?? Buffer.alloc(0));
  expect(reader.signature()).toBe("s");
  expect(reader.string()).toBe("running");
  expect(() => reader.string()).toThrow(RangeError);
});

test("a call's header says how long its parts are", async () => {
  await answerWith(Buffer.alloc(0));
  const call = callMessage({ path: "/a", interface: "b.c", member: "D", list: ["failed", "x"] }, 7);
  expect(takeMessage(call)).toMatchObject({ kind: "other", replyTo: null, length: call.length });
  expect(call.readUInt32LE(8)).toBe(7);
});

test("a header's fields may come in any order", () => {
  const [serial, sender, signature] = [
    recorded.subarray(16, 24),
    recorded.subarray(24, 64),
    "\b\u0001g\0\u0001v\0\0",
  ];
  const header = Buffer.from(recorded.subarray(0, 16));
  header.writeUInt32LE(56, 12);
  const body = recorded.subarray(72);
  const turned = Buffer.concat([header, Buffer.from(signature, "latin1"), sender, serial, body]);
  expect(takeMessage(turned)).toMatchObject({ kind: "answer", replyTo: 1, body, length: turned.length });
});

/** The same, as if another call had been answered. */
function answerTo(message: Buffer, serial: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt32LE(serial, 20);
  return copy;
}

for (const [name, bytes] of [
  ["nothing", Buffer.alloc(0)],
  ["a refusal", Buffer.from("REJECTED EXTERNAL\r\n")],
  ["one answer of two", Buffer.concat([Buffer.from("OK 1\r\n"), recorded])],
  ["the same answer twice", Buffer.concat([Buffer.from("OK 1\r\n"), recorded, recorded])],
  ["an answer of the wrong shape", Buffer.concat([Buffer.from("OK 1\r\n"), recorded, answerTo(recorded, 2)])],
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

const tooLong = {
  load: "loaded",
  active: "failed",
  sub: "failed",
  run: { result: "timeout", execMainCode: 2, execMainStatus: 15 },
};

test("a unit's state and its last run are read in one exchange", async () => {
  await answerWith(serviceThatRanTooLong);
  expect(await askUnit("late.service", socket)).toEqual(tooLong);
});

test("answers are told apart by their serial, not by their order", async () => {
  const greeting = serviceThatRanTooLong.indexOf("\r\n") + 2;
  const messages: Buffer[] = [];
  let rest = serviceThatRanTooLong.subarray(greeting);
  for (let next = takeMessage(rest); next !== undefined; next = takeMessage(rest)) {
    messages.unshift(rest.subarray(0, next.length));
    rest = rest.subarray(next.length);
  }
  expect(messages).toHaveLength(6);
  await answerWith(Buffer.concat([serviceThatRanTooLong.subarray(0, greeting), ...messages]));
  expect(await askUnit("late.service", socket)).toEqual(tooLong);
});

test("a unit that is no service has a state, but no run", async () => {
  await answerWith(mountUnit);
  expect(await askUnit("tmp.mount", socket)).toEqual({
    load: "loaded",
    active: "active",
    sub: "mounted",
    run: null,
  });
});

test("a state is not known where systemd's answer ends at any byte", async () => {
  let length = 0;
  server = createServer((client) =>
    client
      .on("error", () => undefined)
      .once("data", () => client.end(serviceThatRanTooLong.subarray(0, length))),
  );
  server.listen(socket);
  await once(server, "listening");
  for (; length < serviceThatRanTooLong.length; length += 1) {
    expect(await readUnitState("late.service", socket)).toBeNull();
  }
  expect(await readUnitState("late.service", socket)).toEqual(tooLong);
});

test("a header that is broken answers nothing and throws nothing", () => {
  for (let position = 0; position < recorded.length; position += 1) {
    for (const byte of [0x00, 0x67, 0x7f, 0xff]) {
      const broken = Buffer.from(recorded);
      broken.writeUInt8(byte, position);
      expect(() => takeMessage(broken)).not.toThrow();
    }
  }
});

for (const [unit, path] of [
  ["web.service", "web_2eservice"],
  ["9dig@x-y.z.service", "_39dig_40x_2dy_2ez_2eservice"],
  ["-.mount", "_2d_2emount"],
  ["dev-disk\\x2dby.device", "dev_2ddisk_5cx2dby_2edevice"],
] as const) {
  test(`${unit} has systemd's path for it`, () => {
    expect(unitPath(unit)).toBe(`/org/freedesktop/systemd1/unit/${path}`);
  });
}
