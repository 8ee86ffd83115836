// Sessions for whoever sits at the node: by a socket, while there is no NATS at all. systemd and tmux are real.
import { statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { decodeFrame, type Frame } from "@chimera/proto/sessions/session-frame";
import { sessionsSocketName } from "@chimera/proto/sessions/view-ask";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newViewer, textOf } from "../control/sessions/viewer-fixture.ts";
import type { RootSocket } from "../host/root-socket.ts";
import { serveViewers } from "../host/sessions/serve-viewers.ts";
import { shell } from "../host/sessions/sessions-fixture.ts";
import { createViewedMachine, type ViewedMachine } from "./viewed-machine-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
const log = createLog({ fields: {}, write: () => undefined });
let viewed: ViewedMachine;

beforeAll(async () => {
  viewed = await createViewedMachine({ isConnected: false });
});
afterAll(() => viewed.dispose());

function atTheNode(): { client: Socket; frames: Frame[]; say: (line: string) => void } {
  const client = connect(join(viewed.machine.tmux.folder, sessionsSocketName));
  const frames: Frame[] = [];
  let rest = Buffer.alloc(0);
  client.on("data", (piece: Buffer) => {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const frame = decodeFrame(rest.subarray(4, 4 + rest.readUInt32BE(0)));
      if (frame !== null) frames.push(frame);
      rest = rest.subarray(4 + rest.readUInt32BE(0));
    }
  });
  client.on("error", () => undefined);
  return { client, frames, say: (line) => void client.write(`${line}\n`) };
}

async function serve(): Promise<RootSocket> {
  const viewers = serveViewers({
    runtimeDir: viewed.machine.tmux.folder,
    take: (ask, send) => viewed.post.takeLocal(ask, send),
    log,
  });
  await viewers.ready;
  return viewers;
}

test("who sits at the node is sent the same without NATS, by a socket that only root opens", async () => {
  const viewers = await serve();
  expect(statSync(join(viewed.machine.tmux.folder, sessionsSocketName)).mode & 0o777).toBe(0o600);
  await viewed.sessions.start([shell("local", "echo here; sleep 0.5; echo there; exit 4")]);
  const { client, frames, say } = atTheNode();
  const id = newViewer();
  say(JSON.stringify({ v: 1, view: { session: "local", viewer: id, seen: null, isOver: false } }));
  say(JSON.stringify({ v: 1, list: { viewer: newViewer() } }));
  await vi.waitFor(() => expect(textOf(frames)).toBe("here\nthere\n"), patient);
  expect(frames.some(({ head }) => head.kind === "list")).toBe(true);
  await vi.waitFor(
    () => expect(frames.at(-1)?.head).toMatchObject({ facts: { exitCode: 4, viewers: 1 } }),
    patient,
  );
  client.destroy();
  viewers.close();
});

test("half a line, a line without end, garbage and a name that is none end the client alone", async () => {
  const viewers = await serve();
  for (const words of ["{", "x".repeat(5000), '{"v":1,"view":{"session":"a.b"}}', "[]"]) {
    const { client } = atTheNode();
    const gone = new Promise((resolve) => client.once("close", resolve));
    client.write(words.length > 4096 ? words : `${words}\n`);
    await gone;
  }
  const { frames, client, say } = atTheNode();
  say(JSON.stringify({ v: 1, list: { viewer: newViewer() } }));
  await vi.waitFor(() => expect(frames).not.toEqual([]), patient);
  client.destroy();
  viewers.close();
});
