import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useEtcFixture } from "../etc-fixture.ts";

const { fixture, at } = useEtcFixture();

test("what a declared link leads to outside the store counts by the folders on the way, too", async () => {
  const closed = join(fixture().root, "secrets");
  mkdirSync(closed, { mode: 0o700 });
  writeFileSync(join(closed, "token"), "secret\n", { mode: 0o644 });
  const declared = join(fixture().toplevel, "etc", "hostname");
  unlinkSync(declared);
  symlinkSync(join(closed, "token"), declared);
  const drift = fixture().start({ stance: () => ({ kind: "report", why: "test" }) });
  unlinkSync(at("hostname"));
  writeFileSync(at("hostname"), "other\n");
  await drift.sweepNow();
  const { content } = await drift.show({ path: "/etc/hostname", evidence: null, maxBytes: 1024 });
  expect(content).toMatchObject({ kind: "not-shown", reason: expect.stringMatching(/^mode 0644/) });
});
