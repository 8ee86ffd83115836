/** A real lock of root that nobody lets go. As root. */
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { watchDriftPause } from "./drift-pause.ts";

test("a lock that is not let go is an alarm that names its holder, once, and is over when it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chimera-pause-"));
  const lockFile = join(folder, "switch.lock");
  const holder = spawn("flock", ["--no-fork", lockFile, "sh", "-c", "echo held; read line"]);
  await once(holder.stdout, "data");
  const events: NodeEventBody[] = [];
  const onEvent = (event: NodeEventBody) => events.push(event);
  let isOurs = true;
  const log = createLog({ fields: {}, write: () => {} });
  const times = { everyMs: 20, longMs: 300, findProcess: () => null };
  const pause = watchDriftPause({ lockFile, isSwitching: () => isOurs, onEvent, log, ...times });
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(events).toEqual([]);
  isOurs = false;
  await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 5000 });
  const message = expect.stringContaining(`process ${holder.pid} (sh) holds the switch's lock`);
  expect(events).toEqual([{ type: "alarm", data: { code: "drift-paused", message } }]);
  expect(pause.unseen()).toEqual([message]);
  holder.stdin.end("\n");
  await vi.waitFor(() => expect(pause.unseen()).toEqual([]), { timeout: 5000 });
  expect(events).toHaveLength(1);
  pause.stop();
  rmSync(folder, { recursive: true });
});

test("a switch that holds no lock and does not end is an alarm too, once, and is over with its process", async () => {
  const events: NodeEventBody[] = [];
  const onEvent = (event: NodeEventBody) => events.push(event);
  let runs: string | null = "activate runs (process 7)";
  let [isOurs, looks] = [true, 0];
  const log = createLog({ fields: {}, write: () => {} });
  const findProcess = () => {
    looks += 1;
    return runs;
  };
  const times = { everyMs: 10, longMs: 300, processEveryMs: 100, findProcess };
  const pause = watchDriftPause({ lockFile: "/nowhere", isSwitching: () => isOurs, onEvent, log, ...times });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([events, looks]).toEqual([[], 0]);
  isOurs = false;
  const begun = performance.now();
  await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 5000 });
  expect(looks).toBeLessThanOrEqual(Math.ceil((performance.now() - begun) / 100));
  const message = expect.stringContaining("is not put back, for activate runs (process 7) since more than");
  expect(events).toEqual([{ type: "alarm", data: { code: "drift-paused", message } }]);
  expect(pause.unseen()).toEqual([message]);
  runs = null;
  await vi.waitFor(() => expect(pause.unseen()).toEqual([]), { timeout: 5000 });
  expect(events).toHaveLength(1);
  pause.stop();
});
