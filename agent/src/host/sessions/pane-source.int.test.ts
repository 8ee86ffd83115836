/** A pane of a real tmux as a source: pictures that fit their seam, keys, sizes, and a flood that nobody keeps up with. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openPaneSource, type PaneSource } from "./pane-source.ts";
import { cellsOf } from "./pane-cells-fixture.ts";
import { createTmuxFixture, type TmuxFixture } from "./tmux-fixture.ts";

let fixture: TmuxFixture;
const sources: PaneSource[] = [];
beforeEach(() => {
  fixture = createTmuxFixture();
});
afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  await fixture.dispose();
});

async function open(session: string, onOutput = (): void => undefined): Promise<PaneSource> {
  const source = await openPaneSource({
    socket: fixture.socket,
    session,
    onOutput,
    onEnd: () => undefined,
  });
  sources.push(source);
  return source;
}

const patient = { timeout: 20_000, interval: 20 };
const textSince = (source: PaneSource, from: number): string =>
  Buffer.from(source.read(from, 1e9)).toString("utf8");
const plain = (text: string): string =>
  text.replaceAll("\u001b", "␛").replaceAll(/␛\[[0-9;?]*[A-Za-z]/g, "\n");
const numbersIn = (text: string): number[] =>
  [...text.matchAll(/line (\d+)\./g)].map(([, number]) => Number(number));

test(
  "what follows a picture is what comes next, nothing missing and nothing twice, twenty times under way",
  { timeout: 60_000 },
  async () => {
    const script = "i=0; while :; do i=$((i+1)); printf 'line %d.\\n' $i; done";
    const source = await open(fixture.open("s", script));
    for (let round = 0; round < 20; round += 1) {
      const picture = await source.picture();
      await vi.waitFor(() => expect(source.held().to).toBeGreaterThan(picture.at + 100), patient);
      const shown = plain(Buffer.concat([picture.history, picture.screen]).toString("utf8")).trimEnd();
      // A line may be half in the picture and half in what follows.
      const numbers = numbersIn(shown + Buffer.from(source.read(picture.at, 100)).toString("utf8"));
      expect(numbers.length).toBeGreaterThan(24);
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
      await sleep(20);
    }
  },
);

test(
  "pictures take nothing away from whoever hears all of it, more than sixty of them under full output",
  { timeout: 60_000 },
  async () => {
    const script = `read go; for k in $(seq 1 15); do seq -f %.0f $((k*10000)) $((k*10000+4999)); sleep 0.1; done; echo all; sleep 600`;
    const id = fixture.open("s", `stty -echo; ${script}`);
    let [at, heard] = [0, ""];
    const take = (): void => {
      const { to } = source.held();
      // A part that is not here any more is an error.
      while (at < to) {
        const bytes = source.read(at, to - at);
        [at, heard] = [at + bytes.length, heard + Buffer.from(bytes).toString("latin1")];
      }
    };
    const source = await open(id, () => take());
    await source.type(Buffer.from("\r"));
    let drawn = 0;
    const draw = async (): Promise<void> => {
      for (; !heard.includes("all"); drawn += 1) {
        const { screen, at: seam } = await source.picture();
        const lines = plain(Buffer.from(screen).toString("utf8"))
          .split("\n")
          .filter((line) => /^\d+$/.test(line));
        // The last line may be half here and half behind the seam.
        const before = heard.slice(0, seam);
        expect(lines.slice(0, -1).filter((line) => !before.includes(line))).toEqual([]);
        await sleep(15);
      }
    };
    await Promise.all([draw(), draw()]);
    const wanted = Array.from(
      { length: 75_000 },
      (_, index) => `${(Math.floor(index / 5000) + 1) * 10_000 + (index % 5000)}`,
    );
    const numbers = heard.split("\r\n").filter((line) => /^\d+$/.test(line));
    expect(numbers).toHaveLength(wanted.length);
    expect(numbers.join() === wanted.join()).toBe(true);
    expect(drawn).toBeGreaterThan(60);
    expect(source.isCounted(0, source.held().to)).toBe(true);
  },
);

test.each([
  [
    "text, colours and a cursor in the midst",
    "printf 'plain \\033[31mred\\033[0m\\nünï 日本\\n\\033[44mfull\\033[K\\033[0m\\033[3;7H'",
  ],
  [
    "colours over several lines, and on blanks",
    "printf '\\033[44mblue   \\n more \\n\\033[31mred on blue  \\033[49m\\n\\033[1;7m bar %40s\\033[0m\\n\\033[1;4;32mlines\\n go on\\n\\033[22;24mplain\\n\\033(0lqqk\\033(B\\n'",
  ],
  [
    "colours that scrolled away half",
    "printf '\\033[45m'; for i in $(seq 1 40); do echo \" row $i   \"; done",
  ],
  ["what has scrolled away", "for i in $(seq 1 100); do echo row $i; done"],
  [
    "an editor's screen with a hidden cursor",
    "printf 'before\\n\\033[?1049h\\033[H\\033[2J\\033[?25l\\033[5;5Hmiddle\\033[24;1Hbottom'",
  ],
  ["a full last line", "for i in $(seq 1 30); do printf '%080d' $i; done"],
])("a picture makes an empty terminal look the same: %s", async (_, script) => {
  const size = { columns: 80, rows: 24 };
  const source = await open(fixture.open("s", `${script}; sleep 60`, size));
  await sleep(300);
  const picture = await source.picture();
  const file = join(fixture.folder, "picture");
  writeFileSync(file, Buffer.concat([picture.history, Buffer.from("\n".repeat(size.rows)), picture.screen]));
  fixture.open("copy", `stty raw; cat '${file}'; sleep 60`, size);
  const shown = (name: string): string => {
    const cursor = fixture.tmux(
      "-N",
      "display-message",
      "-p",
      "-t",
      `=${name}:`,
      "#{cursor_x},#{cursor_y} #{alternate_on} #{cursor_flag}",
    );
    return `${cellsOf(fixture.tmux("-N", "capture-pane", "-e", "-N", "-p", "-t", `=${name}:`))}\n${cursor}`;
  };
  await vi.waitFor(() => expect(shown("copy")).toBe(shown("s")), { timeout: 3000 });
});

test("keys arrive byte by byte, and a size is the program's", async () => {
  const source = await open(fixture.open("s", "stty raw -echo; trap 'stty size' WINCH; cat -v"));
  await sleep(200);
  const from = source.held().to;
  await source.type(Uint8Array.from([0x61, 0x3b, 0x27, 0x22, 0x23, 0x7f, 0x1b, 0x5b, 0x41, 0xc3, 0xa9]));
  await vi.waitFor(() => expect(textSince(source, from)).toContain(`a;'"#^?^[[AM-CM-)`), patient);
  await source.resize({ columns: 111, rows: 33 });
  const { size } = await source.picture();
  expect(size).toEqual({ columns: 111, rows: 33 });
});

test(
  "a reader that does not keep up misses a part that is said to be missing, and hears what comes then",
  { timeout: 60_000 },
  async () => {
    const source = await open(
      fixture.open("s", "trap 'echo still; read x; echo here $x' INT; yes no end; sleep 600"),
    );
    await vi.waitFor(() => expect(source.held().to).toBeGreaterThan(1_000_000), patient);
    // Nothing is read meanwhile, as by an agent that is busy; on a busy machine it takes several times until tmux is far enough ahead.
    for (let round = 0; round < 10 && source.isCounted(0, source.held().to); round += 1) {
      const until = performance.now() + 2500;
      while (performance.now() < until);
      await sleep(300);
    }
    expect(source.isCounted(0, source.held().to)).toBe(false);
    const { from, to } = source.held();
    expect(to - from).toBeLessThanOrEqual(1 << 20);
    await source.type(Uint8Array.of(3));
    const screen = async () => Buffer.from((await source.picture()).screen).toString("utf8");
    await vi.waitFor(async () => expect(await screen()).toContain("still"), patient);
    await source.type(Buffer.from("again\r"));
    // What tmux still owed when it was told to go on it may drop as well: whoever watches gets a picture then.
    const heard = async () => `${textSince(source, source.held().from)}${await screen()}`;
    await vi.waitFor(async () => expect(await heard()).toContain("here again"), patient);
  },
);
