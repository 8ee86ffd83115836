/** What a look at /etc could not compare stands under "not compared" until a look can. */
import { mkdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";

const { fixture, at } = useEtcFixture();

test("what cannot be compared is told when it begins and when it ends, and shown as long as it is so", async () => {
  const mode = join(fixture().root, "store/one-etc/etc/sudoers.mode");
  writeFileSync(mode, "rwx\n");
  mkdirSync(at("d/".repeat(40)), { recursive: true });
  const drift = fixture().start();
  await drift.sweepNow();
  await drift.sweepNow();
  const declared = '/etc/sudoers: the closure declares the mode "rwx"';
  const deep = `leftovers in /etc/${"d/".repeat(33).slice(0, -1)} are not found: it lies deeper than 32 folders`;
  expect(drift.summary().unseen).toEqual([declared, deep]);
  expect(messages()).toEqual([declared, deep]);
  writeFileSync(mode, "0440\n");
  rmSync(at("d"), { recursive: true });
  await drift.sweepNow();
  expect(drift.summary().unseen).toBeUndefined();
  expect(messages().slice(2)).toEqual([`over: ${declared}`, `over: ${deep}`]);
  unlinkSync(at("hostname"));
  await drift.sweepNow();
  expect(messages()).toHaveLength(4);
});

function messages(): string[] {
  return fixture().events.flatMap((event) => (event.type === "alarm" ? [event.data.message] : []));
}
