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
  const times = { everyMs: 20, longMs: 300 };
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
