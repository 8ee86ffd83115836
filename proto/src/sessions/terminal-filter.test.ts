/** Hostile output and plain output: what of it reaches a watcher's terminal. */
import { describe, expect, test } from "vitest";
import { createTerminalFilter } from "./terminal-filter.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (...pieces: (string | Uint8Array)[]): string => {
  const filter = createTerminalFilter();
  const parts = pieces.map((piece) => filter.pass(typeof piece === "string" ? bytes(piece) : piece));
  return new TextDecoder().decode(Uint8Array.from(parts.flatMap((part) => [...part])));
};

describe("let through as it is", () => {
  test.each([
    ["text of every script", "plain, ünïcödé, 日本語, 🦀\r\n\tend"],
    ["colours, 256 of them and all", "\x1b[31mred\x1b[38;5;208mo\x1b[38;2;1;2;3mt\x1b[4:3mu\x1b[0m"],
    ["cursor movement and erasing", "\x1b[2J\x1b[H\x1b[10;20Hx\x1b[K\x1b[3A\x1b[?25l\x1b[?25h"],
    ["the alternate screen, margins, the cursor's shape", "\x1b[?1049h\x1b[2;20r\x1b[4 q\x1b[?1049l"],
    ["saving the cursor, line drawing, a reverse index", "\x1b7\x1b(0lqk\x1b(B\x1b8\x1bM"],
    ["a progress bar", "\r[###   ] 50 %\x1b[K\b\b"],
  ])("%s", (_, text) => {
    expect(shown(text)).toBe(text);
    expect(shown(...Array.from(bytes(text), (byte) => Uint8Array.of(byte)))).toBe(text);
  });
});

describe("left out", () => {
  test.each([
    ["writing the clipboard (OSC 52), by BEL and by ST", "\x1b]52;c;ZXZpbA==\x07|\x1b]52;c;ZXZpbA==\x1b\\"],
    ["titles and icons", "\x1b]0;pwned\x07|\x1b]2;pwned\x1b\\"],
    ["the window's name in tmux and screen", "\x1bkpwned\x1b\\|\x1bkpwned\x07"],
    ["a link to elsewhere", "\x1b]8;;file:///etc/passwd\x1b\\|\x1b]8;;\x1b\\"],
    ["colours of the terminal itself, and asking for them", "\x1b]11;?\x07|\x1b]4;1;?\x07"],
    ["who are you", "\x1b[c|\x1b[>c\x1b[=c\x1bZ\x05"],
    ["where is the cursor, are you well", "\x1b[6n|\x1b[5n\x1b[?6n"],
    ["which modes are set, what is your version", "\x1b[?2004$p|\x1b[>q\x1b[>0q"],
    ["answers of DECRQSS and of termcap", "\x1bP$qm\x1b\\|\x1bP+q544e\x1b\\"],
    ["answers of the window: its title, size and place", "\x1b[21t|\x1b[18t\x1b[13t\x1b[3;0;0t"],
    ["pasting, and what ends it", "\x1b[?2004h\x1b[200~|\x1b[201~"],
    ["the mouse, focus, and other keyboards", "\x1b[?1000h\x1b[?1006h|\x1b[?1004h\x1b[>1u\x1b[>4;2m\x1b[?u"],
    ["a mode beside an innocent one", "\x1b[?25;1003h|"],
    ["tmux's own way through", "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\|"],
    ["APC, PM and SOS", "\x1b_Gi=1;AAAA\x1b\\|\x1b^x\x1b\\\x1bXy\x1b\\"],
    ["a reset of everything", "\x1bc|"],
    ["a printer, macros, test patterns", "\x1b[5i|\x1b[0i\x1b#8"],
    [
      "control characters of one byte, in UTF-8",
      "\u009b6n|\u009d52;c;x\u009c".replace("6n", "").replace("52;c;x", ""),
    ],
    ["a sequence with too many parameters", `\x1b[${"1;".repeat(200)}m|`],
    ["NUL, DEL, answerback", "\0|\x7f\x05"],
  ])("%s", (_, text) => {
    expect(shown(text)).toBe("|");
    expect(shown(...Array.from(bytes(text), (byte) => Uint8Array.of(byte)))).toBe("|");
  });

  test("control characters of one byte that are no UTF-8, of which the rest is text", () => {
    expect(shown(Uint8Array.of(0x9b, 0x36, 0x6e, 0x7c, 0x9d, 0xff, 0xc0))).toBe("6n|");
  });

  test("half of a character before another one", () => {
    expect(shown(Uint8Array.of(0xe2, 0x82, 0x41, 0xc2, 0x1b, 0x5b, 0x36, 0x6e, 0x42))).toBe("AB");
  });
});

test("a string without end swallows what it must, and a cancel ends it", () => {
  const filter = createTerminalFilter();
  expect(filter.pass(bytes("\x1b]52;c;")).length).toBe(0);
  for (let round = 0; round < 100; round += 1) filter.pass(new Uint8Array(10_000).fill(0x41));
  expect(new TextDecoder().decode(filter.pass(bytes("\x18back")))).toBe("back");
});

test("a line feed in the midst of a sequence is one, and the sequence goes on", () => {
  expect(shown("\x1b[3\n1mred")).toBe("\n\x1b[31mred");
});

test("whatever comes, no question gets through", () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % below;
  };
  const parts = [
    "\x1b",
    "[",
    "]",
    "P",
    "?",
    "6",
    "n",
    "c",
    ";",
    "52",
    "\x07",
    "\x1b\\",
    "t",
    ">",
    "q",
    "$",
    "p",
    "x",
    "\u009b",
    "\n",
  ];
  const asks = /␛\[[0-9;?>=]*[cnt]|␛[\]P_]|␛\[[0-9;?]*\$p|␛C1/u;
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: 40 }, () => parts[random(parts.length)] ?? "").join("");
    const out = shown(text).replaceAll("\u001b", "␛").replaceAll("\u009b", "␛C1");
    expect(asks.exec(out)?.[0], JSON.stringify(text)).toBeUndefined();
  }
});
