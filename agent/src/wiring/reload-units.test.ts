/** What follows a revert in /etc for systemd. */
import type { DriftItem } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { reloadAfterReverts } from "./reload-units.ts";

const item = (path: string): DriftItem => ({
  path,
  kind: "wrong-target",
  expected: { type: "symlink", target: "/etc/static/x" },
  found: { type: "missing" },
});

function begin(problem: string | null) {
  const told: NodeEventBody[] = [];
  const counts = { reloads: 0 };
  const pass = reloadAfterReverts({
    reload: async () => {
      counts.reloads += 1;
      return problem;
    },
    report: (event) => told.push(event),
  });
  return { told, counts, pass };
}

test.for<[string, boolean]>([
  ["/etc/systemd/system", true],
  ["/etc/systemd/system/app.service", true],
  ["/etc/systemd", true],
  ["/etc/static", true],
  ["/etc", true],
  ["/etc/systemd/system.conf", false],
  ["/etc/systemd/journald.conf", false],
  ["/etc/hostname", false],
])("after a revert of %s systemd reads its units again: %s", async ([path, expected]) => {
  const { told, counts, pass } = begin(null);
  const event = { type: "drift-reverted", data: { item: item(path), ms: 1 } } as const;
  pass(event);
  await setImmediate();
  expect(told).toEqual([event]);
  expect(counts.reloads).toBe(expected ? 1 : 0);
});

test("what was only told changes nothing, and a reload that fails is an alarm", async () => {
  const { told, counts, pass } = begin("No buffer space available");
  pass({ type: "drift-found", data: item("/etc/systemd/system") });
  await setImmediate();
  expect(counts.reloads).toBe(0);
  pass({ type: "drift-reverted", data: { item: item("/etc/systemd/system"), ms: 1 } });
  await setImmediate();
  expect(told.slice(2)).toMatchObject([{ type: "alarm", data: { code: "reload-failed" } }]);
});
