// Terminals that somebody takes away while they are watched, and clients of tmux that somebody ends. systemd and tmux are real.
import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@chimera/proto/log";
import { joinKeptPages } from "@chimera/proto/sessions/kept-page";
import { decodeFrame, type Frame } from "@chimera/proto/sessions/session-frame";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { newViewer, textOf } from "../control/sessions/viewer-fixture.ts";
import { nameOf, shell } from "../host/sessions/sessions-fixture.ts";
import { createViewedMachine, type ViewedMachine } from "./viewed-machine-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let lines: string[] = [];
let pages = "";
let viewed: ViewedMachine;

beforeAll(async () => {
  viewed = await createViewedMachine({
    log: createLog({ fields: {}, write: (line) => void lines.push(line) }),
    publish(_subject, data) {
      const page = typeof data === "string" ? null : joinKeptPages([data]);
      if (page !== null) pages += Buffer.from(page.bytes).toString("latin1");
      return true;
    },
  });
});
beforeEach(() => {
  lines = [];
  pages = "";
});
afterAll(() => viewed.dispose());

const size = { columns: 80, rows: 24 };
const ticks = "trap '' HUP; i=0; while sleep 0.1; do i=$((i+1)); echo tick $i; done";

function watch(name: string): Frame[] {
  const frames: Frame[] = [];
  const view = { session: nameOf(name), viewer: newViewer(), seen: null, isOver: false };
  viewed.post.takeLocal({ v: 1, view }, (bytes) => {
    const frame = decodeFrame(bytes);
    if (frame !== null) frames.push({ ...frame, bytes: Buffer.from(frame.bytes) });
  });
  return frames;
}

const streamsOf = (frames: readonly Frame[]): number =>
  new Set(frames.flatMap(({ head }) => ("stream" in head ? [head.stream] : []))).size;
const triedInVain = (): number => lines.filter((line) => line.includes("could not be drawn")).length;

/** As somebody does who ends "that strange tmux process". */
function killClients(name: string): void {
  const pids = viewed.machine.tmux
    .tmux("-N", "list-clients", "-t", `=${name}`, "-F", "#{client_pid}")
    .split("\n");
  expect(pids.filter((pid) => pid !== "")).not.toEqual([]);
  for (const pid of pids) process.kill(Number(pid), "SIGKILL");
}

test(
  "who watches goes on when the agent's client of tmux is killed, and so does what is kept",
  { timeout: 60_000 },
  async () => {
    await viewed.sessions.start([shell("client", ticks, { output: "terminal", size })]);
    const frames = watch("client");
    await vi.waitFor(() => expect(textOf(frames)).toContain("tick 3"), patient);
    await vi.waitFor(() => expect(pages).toContain("tick"), patient);
    killClients("client");
    pages = "";
    const before = frames.length;
    await sleep(2000);
    expect(triedInVain()).toBeLessThanOrEqual(3);
    await vi.waitFor(() => expect(streamsOf(frames.slice(before))).toBeGreaterThanOrEqual(1), patient);
    await vi.waitFor(() => expect(streamsOf(frames)).toBe(2), patient);
    await vi.waitFor(() => expect(frames.at(-1)?.head.kind).toBe("output"), patient);
    await vi.waitFor(() => expect(pages).toContain("tick"), patient);
    expect(frames.some(({ head }) => head.kind === "refused")).toBe(false);
    expect(viewed.sessions.facts(nameOf("client"))?.note).toBeUndefined();
  },
);

test(
  "whose terminal is taken away is told so, who comes later too, and nobody draws in vain",
  { timeout: 60_000 },
  async () => {
    await viewed.sessions.start([shell("taken", ticks, { output: "terminal", size })]);
    const frames = watch("taken");
    await vi.waitFor(() => expect(textOf(frames)).toContain("tick 3"), patient);
    viewed.machine.tmux.tmux("-N", "kill-session", "-t", "=taken");
    await sleep(2000);
    expect(triedInVain()).toBeLessThanOrEqual(3);
    const refused = {
      kind: "refused",
      code: "not-found",
      message: expect.stringContaining("its terminal was lost"),
    };
    await vi.waitFor(() => expect(frames.at(-1)?.head).toEqual(refused), patient);
    expect(viewed.sessions.facts(nameOf("taken"))).toMatchObject({
      state: "running",
      note: expect.stringContaining("its terminal was lost"),
    });
    const later = watch("taken");
    await vi.waitFor(() => expect(later.at(-1)?.head).toEqual(refused), patient);
    // Its end is noticed all the same.
    await viewed.sessions.end(nameOf("taken"), "SIGKILL");
    await vi.waitFor(() => expect(viewed.sessions.facts(nameOf("taken"))?.signal).toBe("SIGKILL"), patient);
  },
);
