// An agent that is killed while it starts sessions, on a real systemd: the next one knows which of them never began.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { SessionRecord } from "../../sessions/session-record.ts";
import { createSessionsFixture, ended, shell, type SessionsFixture } from "./sessions-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let node: SessionsFixture;
let server: Server;
let socket: string;
const sockets: Socket[] = [];
/** What of a start comes to systemd: nothing, or all of it while its answer does not come back. */
let loses: "question" | "answer";

beforeAll(async () => {
  node = await createSessionsFixture();
  socket = join(node.systemd.folder, "between.sock");
  server = createServer((caller) => {
    const systemd = connect(node.systemd.socket);
    sockets.push(caller, systemd);
    caller.on("data", (bytes) => {
      const isStart = bytes.includes("StartTransientUnit");
      if (isStart && loses === "question") return void caller.pause();
      systemd.write(bytes);
      if (isStart) systemd.unpipe(caller);
    });
    systemd.pipe(caller);
  });
  server.listen(socket);
  await once(server, "listening");
});
afterAll(async () => {
  for (const one of sockets) one.destroy();
  server.close();
  await node.dispose();
});

const recordOf = (name: string) =>
  SessionRecord.parse(JSON.parse(readFileSync(join(node.stateDir, "sessions", name, "record.json"), "utf8")));

/** By an agent that is killed in the midst of it. */
async function beginAndDie(name: string, script: string): Promise<void> {
  const dies = node.agent({ systemdSocket: socket });
  void dies.start([shell(name, script)]);
  await vi.waitFor(
    () => expect(recordOf(name)).toMatchObject({ state: "running", hasBegun: false }),
    patient,
  );
  dies.close();
}

test("between record and unit: it never began, and nobody says that somebody stopped it", async () => {
  loses = "question";
  await beginAndDie("never", "echo ran");
  expect(await ended(node.agent(), "never")).toMatchObject({
    state: "lost",
    bytes: 0,
    note: expect.stringMatching(/^it never began/u),
  });
});

test("between unit and the word of it: it runs on, and has the end that it has", async () => {
  loses = "answer";
  await beginAndDie("began", "sleep 1; echo ran; exit 6");
  expect(await ended(node.agent(), "began")).toMatchObject({ state: "ended", exitCode: 6, bytes: 4 });
});

test(
  "what has begun is on the disk in a moment, and whoever stops it later has stopped it",
  { timeout: 20_000 },
  async () => {
    await node.agent().start([shell("later", "sleep 60")]);
    await vi.waitFor(() => expect(recordOf("later").hasBegun).toBe(true), patient);
    node.agent();
    node.systemd.systemctl("stop", "chimera-session-later.service");
    expect(await ended(node.agent(), "later")).toMatchObject({
      state: "lost",
      note: expect.stringContaining("its unit is gone"),
    });
  },
);
