/** Attached to a crowd: everybody is heard, never by more processes than may be, and each word is checked when it comes. */
import { answerMark, type NodeReport } from "@chimera/proto/delivery";
import { NodeName } from "@chimera/proto/names";
import { expect, test, vi } from "vitest";
import { quietLocalStatus } from "../../../test/fixture/quiet-local-status.ts";
import { testIo } from "../../../test/fixture/operator.ts";
import { createSignedFleet } from "../../../test/fixture/signed-fleet.ts";
import { nodeKeysOf } from "../../fleet/check-view.ts";
import type { Ssh } from "../transport/ssh-client.ts";
import { sshSettings } from "../transport/ssh-settings.ts";
import { watchNodes } from "./watch-nodes.ts";

const names = Array.from({ length: 100 }, (_, i) => NodeName.parse(`n${i}`));
const fleet = createSignedFleet(names);
const { targetOf } = sshSettings(undefined, []);

function reportOf(name: string): NodeReport {
  const { envelope } = fleet.node(name).reporting({ fleetId: fleet.fleetId });
  if (envelope === undefined) throw new Error("it is signed");
  return { status: envelope, keys: null, head: null, panic: null, rollout: null, proofs: [] };
}

/** Followers that say one thing, and stay until they are told to end. */
function createFollowers() {
  const seen = { now: 0, most: 0 };
  const ssh: Ssh = {
    options: [],
    targetOf,
    knownHosts: undefined,
    run: () => Promise.reject(new Error("nobody is asked")),
    watch({ target, onLine, signal }) {
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      const report = reportOf(target.slice("root@".length));
      const answer = { v: 1, ok: true, outcome: "reported", status: quietLocalStatus, report };
      return new Promise((resolve) => {
        const end = (): void => {
          seen.now -= 1;
          resolve();
        };
        if (signal.aborted) return end();
        signal.addEventListener("abort", end, { once: true });
        setImmediate(() => onLine(`${answerMark}${JSON.stringify(answer)}`));
      });
    },
  };
  return { ssh, seen };
}

test("all of a hundred nodes are heard, by 64 followers at most, and none is left at the end", async () => {
  const { ssh, seen } = createFollowers();
  const { io } = testIo("/tmp");
  const keyOf = nodeKeysOf(fleet.world());
  const quiet = { serial: 7, fleetId: fleet.fleetId, keyOf, reports: new Map<NodeName, NodeReport>() };
  const watched = watchNodes(io, ssh, { ...quiet, nodes: names });
  await vi.waitFor(() => expect(watched.reports.size).toBe(names.length), { timeout: 10_000 });
  expect(watched.views().every(({ verified }) => verified)).toBe(true);
  expect(watched.news()).toHaveLength(names.length);
  expect(seen.most).toBe(64);
  watched.keep(new Set(names.slice(0, 3)));
  await vi.waitFor(() => expect(seen.now).toBeLessThanOrEqual(3));
  await watched.stop();
  expect(seen.now).toBe(0);
});
