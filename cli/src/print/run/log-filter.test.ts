/** The escape sequences that a log may bring to a terminal: colours, and nothing that it would act on or answer. */
import { expect, test } from "vitest";
import { createLogFilter } from "./log-filter.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function filtered(...chunks: string[]): string {
  const filter = createLogFilter();
  return chunks.map((chunk) => filter.take(bytes(chunk))).join("");
}

test("text, line ends, tabs, returns and colours pass", () => {
  const text = "a\tb\r\n50%\r60%\b\u001b[1;31mred\u001b[0m \u001b[38;2;1;2;3mx\u001b[4:3m ünï 😀 עברית\n";
  expect(filtered(text)).toBe(text);
});

/** What each does at a terminal, and the sequence. */
const hostile: readonly (readonly [string, string])[] = [
  ["sets the clipboard (OSC 52)", "\u001b]52;c;ZXZpbA==\u0007"],
  ["sets the clipboard, ended by ST", "\u001b]52;c;ZXZpbA==\u001b\\"],
  ["sets the title (OSC 0)", "\u001b]0;evil\u0007"],
  ["sets the title (OSC 2)", "\u001b]2;evil\u001b\\"],
  ["links (OSC 8)", "\u001b]8;;file:///etc/passwd\u0007"],
  ["asks for colours (OSC 10)", "\u001b]10;?\u0007"],
  ["notifies (OSC 9, 777)", "\u001b]9;x\u0007\u001b]777;notify;a;b\u0007"],
  ["asks who it is (DA1, DA2, DA3)", "\u001b[c\u001b[0c\u001b[>c\u001b[=c"],
  ["asks where the cursor is (DSR)", "\u001b[6n\u001b[?6n\u001b[5n"],
  ["asks for the title", "\u001b[21t\u001b[20t"],
  ["resizes and moves the window", "\u001b[8;1;1t\u001b[3;0;0t"],
  ["asks for a setting (DECRQSS)", "\u001bP$qm\u001b\\"],
  ["asks for a terminal capability (XTGETTCAP)", "\u001bP+q544e\u001b\\"],
  ["asks for a mode (DECRQM)", "\u001b[?2004$p"],
  ["asks for the checksum of the screen", "\u001b[1;1;1;1;1;1*y"],
  ["answers back (ENQ)", "\u0005"],
  ["ends a pasted text", "\u001b[201~"],
  ["turns on the mouse and pasted text", "\u001b[?1000h\u001b[?1006h\u001b[?2004h"],
  ["turns the screen", "\u001b[?1049h\u001b[?47h"],
  ["clears screen and history", "\u001b[2J\u001b[3J\u001b[H"],
  ["moves the cursor", "\u001b[5A\u001b[1;1H\u001b[s\u001b[u\u001b7\u001b8"],
  ["resets the terminal", "\u001bc\u001b[!p"],
  ["changes character sets", "\u001b(0\u001b)B\u001b*A\u000e\u000f"],
  ["sets keys to text (DECUDK)", "\u001bP1;1|17/0a\u001b\\"],
  ["paints (Sixel)", "\u001bPq#0;2;0;0;0#0~~@@\u001b\\"],
  ["talks through tmux (passthrough)", "\u001bPtmux;\u001b\u001b]52;c;ZXZpbA==\u0007\u001b\\"],
  ["talks to programs (APC, PM, SOS)", "\u001b_G a=T\u001b\\\u001b^x\u001b\\\u001bXx\u001b\\"],
  ["prints", "\u001b[5i\u001b[4i"],
  ["hides in a colour", "\u001b[>4;2m\u001b[?4m"],
  ["rings, erases and cancels", "\u0007\u007f\u0018\u001a\u0000\u000b\u000c"],
];

test.each(hostile)("nothing that %s passes", (_, sequence) => {
  expect(filtered(`a${sequence}b`)).toBe("ab");
});

test.each(hostile)("nothing that %s passes in pieces", (_, sequence) => {
  expect(filtered("a", ...sequence.split(""), "b")).toBe("ab");
});

test("control characters of C1 are taken out, and begin nothing", () => {
  expect(filtered("a\u009d52;c;x\u009c\u009b6nb")).toBe("a52;c;x6nb");
});

test("a sequence within a sequence ends the first", () => {
  expect(filtered("\u001b[31\u001b[32mx")).toBe("\u001b[32mx");
  expect(filtered("\u001b]0;a\u001b[31mx")).toBe("\u001b[31mx");
});

test("colours that were left on are ended, and only those", () => {
  const filter = createLogFilter();
  expect(filter.take(bytes("plain")) + filter.end()).toBe("plain");
  expect(filter.take(bytes("\u001b[31mred")) + filter.end()).toBe("\u001b[31mred\u001b[0m");
});

const colour = new RegExp(`${String.fromCodePoint(0x1b)}\\[[0-9;:]*m`, "gu");

test("whatever comes, no other escape is left", () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 0x7fffffff) % below;
  const marks = "\u001b\u001b\u001b[]P_^X\\;:?>=$\u0007\u009b\u009c\u009d0123mnchJHqt\n ~\u0018a";
  for (let round = 0; round < 2000; round += 1) {
    const text = Array.from({ length: 40 }, () => marks[random(marks.length)] ?? "").join("");
    const left = filtered(text)
      .replaceAll(colour, "")
      .replaceAll(/[\n\t\r\b]/gu, "");
    expect(left).toMatch(/^\P{Cc}*$/u);
  }
});

test.each(["\u001b]0;title", "\u001bk", "\u001bX", "\u001bPq", "\u001b]52;c;ZXZpbA==\u001b"])(
  "%j, which nobody ends, hides no more than its line",
  (begin) => {
    expect(filtered(`one\n${begin} hidden\ntwo\n`)).toMatch(/^one\n[^\n\p{Cc}]*\ntwo\n$/u);
    expect(filtered(begin, "hid", "\ntw", "o\n")).toMatch(/two\n$/u);
  },
);
