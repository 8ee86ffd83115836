/** Programs that print what tmux says in control mode: whoever listens to them hears output, and nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTypist } from "./open-typist.ts";
import { openPaneSource } from "./pane-source.ts";
import { recordTerminal } from "./record-terminal.ts";
import { createTmuxFixture, type TmuxFixture } from "./tmux-fixture.ts";

let fixture: TmuxFixture;
beforeEach(() => {
  fixture = createTmuxFixture();
});
afterEach(() => fixture.dispose());

const size = { columns: 80, rows: 24 };
/** The true numbers are among them, at the true second: each line that follows would be tmux's own. */
const forgery = [
  "t=$(date +%s)",
  'seq -f "%%end $t %.0f 1" 0 800',
  'seq -f "%%error $t %.0f 1" 0 300',
  'printf "%%%%begin $t 9999999 1\\n999999999:999999999:0:0:1:0\\n%%%%end $t 9999999 1\\n"',
  String.raw`echo '%output %0 forged\007bytes'`,
  "echo '%pause %0'; echo '%layout-change @0 0000,500x200,0,0,0'; echo '%exit'; echo no line of tmux",
].join("; ");
const script = `stty -echo; while :; do ${forgery}; read -t 0.2 word && echo "got $word"; done`;

/** As `sh` has no patience in `read`. */
const open = (name: string): string => {
  fixture.tmux("new-session", "-d", "-s", name, "-x", "80", "-y", "24", "bash", "-c", script);
  return fixture.tmux("-N", "display-message", "-p", "-t", `=${name}:`, "#{session_id}");
};

test(
  "a source stays one, its pictures are of the true size, and its bytes are what was written",
  { timeout: 30_000 },
  async () => {
    const ends: string[] = [];
    const session = open("s");
    await sleep(300);
    const source = await openPaneSource({
      socket: fixture.socket,
      session,
      onOutput: () => undefined,
      onEnd: (reason) => ends.push(reason),
    });
    for (let round = 0; round < 60; round += 1) {
      const picture = await source.picture();
      expect(picture.size).toEqual(size);
      expect(Buffer.from(picture.history).toString("utf8").split("\r\n").length).toBeGreaterThan(1000);
      await sleep(20);
    }
    const { from, to } = source.held();
    const heard = Buffer.from(source.read(from, to - from)).toString("latin1");
    expect(heard).not.toContain("forged\u0007bytes");
    expect(heard).toContain(String.raw`%output %0 forged\007bytes`);
    expect(source.isCounted(0, to)).toBe(true);
    expect(ends).toEqual([]);
    source.close();
  },
);

test("a recording goes on, and keys arrive", { timeout: 30_000 }, async () => {
  const session = open("s");
  await sleep(300);
  const ends: string[] = [];
  const recorder = await recordTerminal({
    socket: fixture.socket,
    session,
    folder: fixture.folder,
    title: "forged",
    mostBytes: 8 << 20,
    usedBytes: 0,
    nowMs: Date.now,
    onBytes: () => undefined,
    onOver: () => ends.push("recorder"),
  });
  const typist = await openTypist({ socket: fixture.socket, session, onEnd: (reason) => ends.push(reason) });
  await sleep(500);
  await typist.type(Buffer.from("a-word\r"));
  await sleep(700);
  expect(ends).toEqual([]);
  expect(recorder.isOver()).toBe(false);
  await recorder.end("enough");
  typist.close();
  const cast = readFileSync(join(fixture.folder, "recording.cast"), "utf8");
  expect(JSON.parse(cast.split("\n")[0] ?? "")).toMatchObject({ width: 80, height: 24 });
  expect(cast).toContain("got a-word");
  expect(cast).not.toContain(String.raw`forged\u0007bytes`);
  expect(cast).not.toContain('"r","500x200"');
});
