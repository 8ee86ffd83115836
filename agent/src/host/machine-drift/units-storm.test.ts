/** Thousands of overrides at once; on a real file system, as root. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);

test("a storm of drop-ins is taken away with few reloads", async () => {
  const count = 2000;
  for (let index = 0; index < count; index += 1)
    fixture().write(`run/systemd/system/app@${index}.service.d/x.conf`, "[Unit]\n");
  const drift = fixture().start();
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ openCount: 0, reverted: count });
  expect(readdirSync(at("run/systemd/system"))).toEqual([]);
  expect(readdirSync(at("state/evidence"))).toHaveLength(count);
  expect(fixture().counts.reloads).toBeLessThan(count / 50);
}, 60_000);
