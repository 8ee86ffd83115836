import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { expect, test, vi } from "vitest";
import { startLoop, type LoopParts, type Pass } from "./loop.ts";
import type { Action, Observed } from "./reconcile/decision.ts";
import type { Journal } from "./reconcile/journal.ts";
import { after, b, desired, observed } from "./reconcile/model/machine-model.ts";
import { at } from "./reconcile/model/play-machine.ts";

const patient = { timeout: 8_000, interval: 10 };

interface Rig {
  parts: LoopParts;
  trace: string[];
  events: NodeEventBody[];
  passes: Pass[];
}

/** The loop on the model machine. The trace shows writes and actions in their order. */
function rig(over: Partial<LoopParts> = {}): Rig {
  let seen: Observed = observed();
  const trace: string[] = [];
  const events: NodeEventBody[] = [];
  const passes: Pass[] = [];
  const parts: LoopParts = {
    journal: null,
    desired: () => desired(1, b),
    observe: () => {
      seen = { ...seen, uptimeMs: seen.uptimeMs + 500 };
      return Promise.resolve(seen);
    },
    saveJournal: (journal: Journal) => trace.push(`write ${journal.step}`),
    perform: (action: Action) => {
      trace.push(action.kind);
      seen = after(action, seen);
      return Promise.resolve();
    },
    onPass: (pass) => passes.push(pass),
    onBroken: () => undefined,
    onEvent: (event) => events.push(event),
    log: createLog({ fields: {}, write: () => undefined }),
    ...over,
  };
  return { parts, trace, events, passes };
}

test("every action stands in the journal before it is done, and the node comes to rest", async () => {
  const { parts, trace, events, passes } = rig();
  const loop = startLoop(parts);
  await vi.waitFor(
    () => expect(passes.at(-1)?.decision).toMatchObject({ state: "committed", plan: null }),
    patient,
  );
  await loop.stop();
  const actions = trace.filter((line) => !line.startsWith("write"));
  expect(actions).toEqual([
    "start-fetch",
    "arm-dead-man",
    "start-unit",
    "collect-unit",
    "set-profile",
    "start-unit",
    "collect-unit",
    "disarm-dead-man",
  ]);
  const before = trace.flatMap((line, i) => (line.startsWith("write") ? [] : [trace[i - 1]]));
  expect(before).toEqual(actions.map(() => expect.stringMatching(/^write/)));
  expect(events.map((event) => (event.type === "state-changed" ? event.data.to : event.type))).toEqual([
    "fetching",
    "staged",
    "activating",
    "activation-finished",
    "probation",
    "committing",
    "committed",
  ]);
});

test("with a journal that cannot be written nothing is done", async () => {
  let writes = 0;
  const broken: string[] = [];
  const { parts, trace } = rig({
    onBroken: ({ message }) => broken.push(message),
    saveJournal: () => {
      writes += 1;
      throw new ChimeraError("file-unreadable", "disk full");
    },
  });
  const loop = startLoop(parts);
  await vi.waitFor(() => expect(writes).toBe(1), patient);
  loop.wake();
  await vi.waitFor(() => expect(writes).toBe(2), patient);
  await loop.stop();
  expect(trace).toEqual([]);
  // It is told, and shows that the loop lives: a watchdog cannot make room on a disk.
  expect(broken).toEqual(["disk full", "disk full"]);
});

test("an action that fails is counted in the journal and tried again later", async () => {
  const { parts, passes } = rig({
    perform: () =>
      Promise.reject(new ChimeraError("tool-failed", "no luck", { cause: new Error("because") })),
  });
  const loop = startLoop(parts);
  await vi.waitFor(() => expect(passes.at(-1)?.journal?.attempts.fetch).toBeGreaterThan(0), patient);
  await loop.stop();
  expect(passes.at(-1)?.journal?.problem).toMatchObject({ code: "tool-failed", message: "no luck: because" });
});

test("a unit whose end is seen is not asked for again and again, and its end is met at once", async () => {
  const looks: number[] = [];
  let end: (() => void) | undefined;
  let stopped = 0;
  const { parts, passes } = rig({
    journal: at("activating", { unit: { name: "chimera-activate-1", action: "test", toplevel: b } }),
    observe: () => {
      looks.push(performance.now());
      const unit =
        looks.length < 3
          ? ({ kind: "running" } as const)
          : ({ kind: "ended", result: "exited", exitCode: 1 } as const);
      return Promise.resolve({ ...observed(), unit });
    },
    watchUnit: (name, onEnd) => {
      expect(name).toBe("chimera-activate-1");
      end = onEnd;
      return () => {
        stopped += 1;
      };
    },
  });
  const loop = startLoop(parts);
  await vi.waitFor(() => expect(looks).toHaveLength(2), patient);
  expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeGreaterThan(200);
  await vi.waitFor(() => expect(passes).toHaveLength(2), patient);
  end?.();
  // Long before it would have been asked for again.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(passes.at(-1)?.journal?.unit?.name).not.toBe("chimera-activate-1");
  await loop.stop();
  expect(stopped).toBeGreaterThanOrEqual(2);
});

test("a bug ends the loop instead of being met for ever", async () => {
  const { parts } = rig({ observe: () => Promise.reject(new TypeError("a bug")) });
  await expect(startLoop(parts).done).rejects.toThrow("a bug");
});

test("passes never overlap, however often the loop is woken", async () => {
  let running = 0;
  let most = 0;
  let looks = 0;
  const { parts } = rig({
    desired: () => null,
    observe: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      looks += 1;
      return observed();
    },
  });
  const loop = startLoop(parts);
  await vi.waitFor(() => {
    for (let i = 0; i < 10; i += 1) loop.wake();
    expect(looks).toBeGreaterThan(5);
  }, patient);
  await loop.stop();
  expect(most).toBe(1);
});
