/** The agent as a control client of a real tmux: bytes as they were written, answers, pauses, and ends of all kinds. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openControlClient, type ControlClient } from "./control-client.ts";
import { closePanes } from "./terminal-panes.ts";
import { createTmuxFixture, type TmuxFixture } from "./tmux-fixture.ts";

let fixture: TmuxFixture;
beforeEach(() => {
  fixture = createTmuxFixture();
});
afterEach(() => fixture.dispose());

interface Heard {
  client: ControlClient;
  bytes: () => Buffer;
  paused: string[];
  ends: string[];
}

async function listen(session: string): Promise<Heard> {
  const pieces: Uint8Array[] = [];
  const [paused, ends]: [string[], string[]] = [[], []];
  const client = await openControlClient({
    socket: fixture.socket,
    session,
    onOutput: (_, bytes) => pieces.push(bytes),
    onPaused: (pane) => paused.push(pane),
    onEnd: (reason) => ends.push(reason),
  });
  return { client, bytes: () => Buffer.concat(pieces), paused, ends };
}

const patient = { timeout: 15_000, interval: 20 };
const text = (lines: readonly (readonly Uint8Array[])[] | undefined): string[] =>
  (lines ?? []).map((answer) => answer.map((line) => Buffer.from(line).toString("utf8")).join("\n"));

test("every byte is heard as it was written", async () => {
  const all = String.raw`\\000\\001\\007\\033[31m\\\\ \\303\\251 \\342\\202\\254 \\377\\200 %%output %%begin 1 2 3`;
  const session = fixture.open(
    "s",
    `stty raw -echo; read go; printf '${all}'; sleep 60`.replaceAll("\\\\", "\\"),
  );
  const { client, bytes } = await listen(session);
  const [[pane = new Uint8Array(0)] = []] = await client.ask(["display-message", "-p", "#{pane_id}"]);
  await client.ask(["send-keys", "-t", Buffer.from(pane).toString(), "-H", "0a"]);
  const wanted = Buffer.from([
    0,
    1,
    7,
    27,
    ...Buffer.from("[31m\\ é € "),
    255,
    128,
    ...Buffer.from(" %output %begin 1 2 3"),
  ]);
  await vi.waitFor(() => expect(bytes().toString("hex")).toContain(wanted.toString("hex")), patient);
  client.close();
});

test("several commands are answered in one go, one that is refused is an error, and the next is answered", async () => {
  const { client } = await listen(fixture.open("s", "sleep 60"));
  expect(
    text(
      await client.ask(
        ["display-message", "-p", "#{session_name}"],
        ["display-message", "-p", "#{window_width}x#{window_height}"],
      ),
    ),
  ).toEqual(["s", "80x24"]);
  await expect(client.ask(["kill-pane", "-t", "%999"])).rejects.toThrow(/can't find pane/u);
  expect(text(await client.ask(["display-message", "-p", "again"]))).toEqual(["again"]);
  client.close();
});

test("what could mean something to tmux is no word", async () => {
  const { client } = await listen(fixture.open("s", "sleep 60"));
  for (const word of ["a b", "a;b", "a\nkill-server", "'", '"', "`id`", "$(id)", "", "~", "\\"])
    expect(() => client.ask(["display-message", "-p", word]), JSON.stringify(word)).toThrow(RangeError);
  client.close();
});

test("a session's end is one end, and asking then an error", async () => {
  const { client, ends } = await listen(fixture.open("s", "sleep 0.5"));
  await vi.waitFor(() => expect(ends).toHaveLength(1), patient);
  await expect(client.ask(["display-message", "-p", "x"])).rejects.toMatchObject({ code: "tool-failed" });
});

test("so is the server's, in the midst of a question", async () => {
  const { client, ends } = await listen(fixture.open("s", "sleep 60"));
  fixture.killServer();
  await expect(client.ask(["display-message", "-p", "x"])).rejects.toMatchObject({ code: "tool-failed" });
  await vi.waitFor(() => expect(ends).toHaveLength(1), patient);
});

test("without such a session, and without a server, it says so and starts none", async () => {
  fixture.open("s", "sleep 60");
  await expect(listen("$99")).rejects.toMatchObject({ code: "tool-failed" });
  fixture.killServer();
  await vi.waitFor(
    () => expect(() => fixture.tmux("-N", "ls")).toThrow(/no server|error connecting/u),
    patient,
  );
  await expect(listen("$0")).rejects.toMatchObject({ code: "tool-failed" });
  expect(() => fixture.tmux("-N", "ls")).toThrow(/no server|error connecting/u);
});

/** Of each two one comes while the other leaves: tmux 3.3a's server ended by that, some hundredth time. */
test("however many come and go at once, the server stays", { timeout: 60_000 }, async () => {
  const session = fixture.open("s", "sleep 60");
  let { client } = await listen(session);
  for (let round = 0; round < 400; round += 1) {
    client.close();
    ({ client } = await listen(session));
  }
  expect(fixture.tmux("-N", "ls")).toContain("s:");
});

test("nor do those end it whose session is ended under them", { timeout: 60_000 }, async () => {
  const stays = fixture.open("stays", "sleep 60");
  for (let round = 0; round < 60; round += 1) {
    const id = fixture.open("goes", "sleep 60");
    await Promise.all([listen(id), listen(id), listen(id)]);
    const closing = closePanes(fixture.socket, [id]);
    const { client } = await listen(stays);
    await closing;
    client.close();
  }
  expect(fixture.tmux("-N", "ls")).toContain("stays:");
});
