import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openOutbox, type Outbox, type SpooledEvent } from "./outbox.ts";

let folder: string;
let file: string;
let sent: string[];
let connected: boolean;
let refuse: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-outbox-"));
  file = join(folder, "outbox.jsonl");
  [sent, connected, refuse] = [[], true, false];
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(): Outbox {
  return openOutbox({
    file,
    isOurs: (subject) => subject.startsWith("s"),
    isConnected: () => connected,
    onTrouble: () => undefined,
    send: (event) => {
      if (refuse) return Promise.reject(new Error("refused"));
      sent.push(event.id);
      return Promise.resolve();
    },
  });
}

const event = (id: string, body = "{}"): SpooledEvent => ({ id, subject: "s", body });

test("what could not be sent is there after a restart, in order, and what was sent is not", async () => {
  const first = open();
  for (const id of ["1", "2", "3"]) first.add(event(id));
  await first.flush();
  refuse = true;
  for (const id of ["4", "5"]) first.add(event(id));
  await first.flush();
  first.close();
  refuse = false;
  const second = open();
  expect(second.waiting()).toBe(2);
  await second.flush();
  expect(sent).toEqual(["1", "2", "3", "4", "5"]);
  second.close();
});

test("a torn last line and rubbish cost only themselves", async () => {
  writeFileSync(file, '{"v":1,"id":"1","subject":"s","body":"{}"}\n\0\0\0\n{"v":9}\n');
  appendFileSync(file, '{"v":1,"id":"2","subject":"s","body":"{}"}\n{"v":1,"id":"3","subj');
  connected = false;
  const torn = open();
  torn.add(event("4"));
  torn.close();
  connected = true;
  const outbox = open();
  await outbox.flush();
  expect(sent).toEqual(["1", "2", "4"]);
  outbox.close();
});

test("a full outbox drops the oldest and counts them", () => {
  connected = false;
  const outbox = open();
  for (let i = 0; i < 2_010; i += 1) outbox.add(event(String(i)));
  expect(outbox.waiting()).toBe(2_000);
  expect(outbox.takeDropped()).toBe(10);
  expect(outbox.takeDropped()).toBe(0);
  outbox.close();
});

test("large events are bounded by bytes, and the file with them", () => {
  connected = false;
  const outbox = open();
  const body = JSON.stringify("x".repeat(60_000));
  for (let i = 0; i < 600; i += 1) outbox.add(event(String(i), body));
  expect(outbox.waiting()).toBeLessThan(80);
  expect(statSync(file).size).toBeLessThan(20 << 20);
  outbox.add(event("too large", "x".repeat(70_000)));
  expect(outbox.takeDropped()).toBeGreaterThan(500);
  outbox.close();
});

test("an empty outbox leaves an empty file", async () => {
  const outbox = open();
  outbox.add(event("1"));
  await outbox.flush();
  expect(statSync(file).size).toBe(0);
  outbox.close();
});

test("events of a name that this machine had before do not stand in the way of today's", async () => {
  connected = false;
  const first = open();
  first.add({ id: "old", subject: "another name", body: "{}" });
  first.add(event("new"));
  first.close();
  connected = true;
  const second = open();
  await second.flush();
  expect(sent).toEqual(["new"]);
  second.close();
});

test("what comes after the end is not written into whatever file has the descriptor's number by then", () => {
  connected = false;
  const outbox = open();
  outbox.close();
  const other = join(folder, "other");
  const descriptor = openSync(other, "a");
  outbox.add(event("late"));
  closeSync(descriptor);
  expect(statSync(other).size).toBe(0);
});
