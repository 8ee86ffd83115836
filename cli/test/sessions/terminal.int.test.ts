/** `chimera attach` at a real terminal: what it looks like there, how it is left, and what hostile output comes to. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { printableJson } from "../../src/print/printable.ts";
import { eventually, type Terminal } from "../fixture/run-stage.ts";
import { hostileSequences } from "./hostile-sequences.ts";
import { createSessionStage, known, type SessionStage } from "./session-stage.ts";

let stage: SessionStage;
let terminals: Terminal[] = [];
beforeAll(async () => {
  stage = await createSessionStage(["n1"]);
});
beforeEach(async () => {
  stage.node("n1").start();
  for (const terminal of terminals) await terminal.cut();
  terminals = [];
});
afterAll(async () => {
  for (const terminal of terminals) await terminal.cut();
  await stage.end();
});

const open = async (args: readonly string[], size?: { columns: number; rows: number }): Promise<Terminal> => {
  const terminal = await stage.terminal(args, size);
  terminals.push(terminal);
  return terminal;
};
const ended = { state: "ended", exitCode: 0, endedAt: "2026-11-30T03:00:00.000Z" } as const;

describe("a log", () => {
  test("is lines that stay; Ctrl-C offers to leave, and leaving ends nothing on the node", async () => {
    const log = await stage.node("n1").log("lines");
    await log.write("first\n");
    await known(stage, "lines");
    const terminal = await open(["attach", "n1/lines"]);
    await terminal.until("first");
    await terminal.keys("C-c");
    await terminal.until("leave n1/lines?");
    await terminal.keys("x");
    await terminal.until("still at n1/lines");
    await log.write("second\n");
    await terminal.until("second");
    await terminal.keys("C-c", "d");
    expect(await terminal.until("[ended")).toMatch(/left n1\/lines, which runs on[^]*\[ended 0\]$/u);
    const again = await open(["attach", "lines"]);
    await again.until("second");
    await log.facts({ ...ended, exitCode: 9 });
    await again.until("[ended 9]");
  });

  test("stopped by Ctrl-Z it goes on where it was, and the node never waited for it", async () => {
    const log = await stage.node("n1").log("stopped");
    await log.write("one\n");
    await known(stage, "stopped");
    const terminal = await open(["attach", "n1/stopped"]);
    await terminal.until("one");
    const pid = Number(await terminal.ask("#{pane_pid}"));
    process.kill(childOf(pid), "SIGSTOP");
    await log.write("two\n");
    expect(await terminal.screen()).not.toContain("two");
    process.kill(childOf(pid), "SIGCONT");
    await terminal.until("two");
  });
});

describe("a terminal", () => {
  const script = "printf 'ready\\n'; while read -r line; do eval \"$line\"; done";

  test("is drawn as it is there, follows what comes, and leaves what was seen last", async () => {
    const session = await stage.node("n1").terminal("drawn", script);
    await known(stage, "drawn");
    const terminal = await open(["attach", "n1/drawn"], { columns: 100, rows: 30 });
    await terminal.until(/^ready/mu);
    expect(await terminal.screen()).toMatch(/ n1\/drawn {2}80x24 {2}Ctrl-B d leaves/u);
    await session.tmux("send-keys", String.raw`printf '\033[10;20Hhere\033[31mred\033[0m 日本\n'`, "Enter");
    await terminal.until(/^ {19}herered 日本/mu);
    await session.facts(ended);
    const text = await terminal.until("[ended 0]");
    expect(text).toMatch(/herered 日本/u);
    expect(text).not.toContain("Ctrl-B d leaves");
  });

  test("that is larger than the window is shown in part, around its cursor, and never torn", async () => {
    const session = await stage.node("n1").terminal("large", script, { size: { columns: 150, rows: 50 } });
    await known(stage, "large");
    const terminal = await open(["attach", "n1/large"], { columns: 60, rows: 12 });
    await terminal.until(/150x50, of which this is a part/u);
    await session.tmux("send-keys", String.raw`printf '\033[45;120Hcorner'; sleep 100`, "Enter");
    await terminal.until("corner");
    const lines = (await terminal.screen()).split("\n");
    expect(lines.length).toBeLessThanOrEqual(12);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    await terminal.resize(160, 55);
    await eventually(
      () => terminal.screen(),
      (text) => /^ {119}corner/mu.test(text) && !text.includes("a part"),
    );
  });

  test("that becomes larger or smaller while it is watched is right again at once", async () => {
    const session = await stage.node("n1").terminal("resized", "printf 'top\\n'; stty size; sleep 600");
    await known(stage, "resized");
    const terminal = await open(["attach", "n1/resized"], { columns: 130, rows: 50 });
    await terminal.until(/^24 80/mu);
    for (const [columns, rows] of [
      [120, 40],
      [40, 10],
      [100, 30],
    ] as const) {
      await session.tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
      await session.facts({ size: { columns, rows } });
      await terminal.until(`${columns}x${rows}`);
      expect(await terminal.until(/^top *\n24 80/mu)).toMatch(/^top *\n24 80/u);
    }
  });

  test("after a storm of sizes of its window, down to a single cell, is shown whole, while it is written into, and when its node is silent", async () => {
    const flood = "i=0; while [ ! -e calm ]; do i=$((i+1)); echo line $i; done; echo over";
    const session = await stage
      .node("n1")
      .terminal("stormy", `cd ${stage.home}; printf 'ready\\n'; read -r _; ${flood}; sleep 600`);
    await known(stage, "stormy");
    const terminal = await open(["attach", "n1/stormy"], { columns: 100, rows: 30 });
    await terminal.until("ready");
    await session.tmux("send-keys", "Enter");
    const storm = async (): Promise<void> => {
      for (let round = 0; round < 40; round += 1)
        await terminal.resize(1 + ((round * 37) % 120), 1 + ((round * 13) % 40));
      await terminal.resize(100, 30);
    };
    await storm();
    await writeFile(join(stage.home, "calm"), "");
    await terminal.until(/^over$/mu);
    // Now nothing that comes from the node has it drawn again.
    stage.node("n1").signal("SIGSTOP");
    await storm();
    const rows = (await session.tmux("capture-pane", "-p")).split("\n");
    expect(rows.length).toBeGreaterThan(20);
    await eventually(
      () => terminal.screen(),
      (text) => text.split("\n").slice(0, rows.length).join("\n") === rows.join("\n"),
    );
    stage.node("n1").signal("SIGCONT");
    await terminal.keys("C-b", "d");
    await terminal.until("[ended 0]");
  });

  test("may be left by key, and two may watch", async () => {
    await stage.node("n1").terminal("two", script);
    await known(stage, "two");
    const [one, other] = [await open(["attach", "n1/two"]), await open(["attach", "n1/two"])];
    await Promise.all([one.until("ready"), other.until("ready")]);
    await one.keys("C-b", "d");
    expect(await one.until("[ended")).toMatch(/left n1\/two, which runs on/u);
    expect(await other.screen()).toContain("Ctrl-B d leaves");
  });
});

describe("hostile output", () => {
  const all = hostileSequences.map(([, sequence], index) => `${index}:[${sequence}]`);
  const asked = ["mouse_any_flag", "insert_flag", "keypad_cursor_flag", "keypad_flag", "origin_flag"];

  const unharmed = async (terminal: Terminal, title: string): Promise<void> => {
    expect(await terminal.ask("#{pane_title}")).toBe(title);
    expect(await terminal.buffers()).toBe("");
    expect(await terminal.ask(asked.map((flag) => `#{${flag}}`).join(""))).toBe("00000");
  };
  test("harms no terminal, and what of it is left is written down", async () => {
    const log = await stage.node("n1").log("hostile-log");
    await log.write("ready\n");
    const session = await stage
      .node("n1")
      .terminal(
        "hostile-terminal",
        `printf 'ready\\n'; read -r _; clear; cat ${join(stage.home, "hostile")}; sleep 600`,
      );
    await writeFile(join(stage.home, "hostile"), `${all.join("\r\n")}\r\nafter`);
    await known(stage, "hostile-terminal");
    const [lines, screen] = [
      await open(["attach", "n1/hostile-log"], { columns: 80, rows: 60 }),
      await open(["attach", "n1/hostile-terminal"], { columns: 100, rows: 60 }),
    ];
    const titles = [await lines.ask("#{pane_title}"), await screen.ask("#{pane_title}")];
    await Promise.all([lines.until("ready"), screen.until("ready")]);
    await log.write(`${all.join("\n")}\nafter\n`);
    await session.tmux("resize-window", "-x", "80", "-y", "50");
    await session.facts({ size: { columns: 80, rows: 50 } });
    await screen.until("80x50");
    await session.tmux("send-keys", "Enter");
    const seen = [await lines.until("after"), await screen.until("after")];
    await unharmed(lines, titles[0] ?? "");
    await unharmed(screen, titles[1] ?? "");
    await lines.keys("C-b", "d");
    await screen.keys("C-b", "d");
    // Whatever the terminal had answered would stand behind the end now, as typed.
    expect(await lines.until("[ended")).toMatch(/\[ended 0\]$/u);
    expect(await screen.until("[ended")).toMatch(/\[ended 0\]$/u);
    await unharmed(lines, titles[0] ?? "");
    await unharmed(screen, titles[1] ?? "");
    await expect(tableOf(left(seen[0] ?? ""), left(seen[1] ?? ""))).toMatchFileSnapshot(
      "../../../docs/terminal-sequences.md",
    );
  });
});

/** What is between the brackets of each. */
function left(text: string): string[] {
  return hostileSequences.map((_, index) => {
    const [, between] = new RegExp(`(?<![0-9])${index}:\\[([^\\]]*)\\]`, "u").exec(text) ?? [];
    return between ?? "(gone)";
  });
}

function written(sequence: string): string {
  const text = printableJson(sequence).slice(1, -1).replaceAll("|", "\\|");
  return `\`${text.length > 90 ? `${text.slice(0, 60)}…` : text}\``;
}

const shown = (text: string | undefined): string => (text === "" ? "nothing" : `\`${text}\``);

function tableOf(ofLog: readonly string[], ofTerminal: readonly string[]): string {
  const rows = hostileSequences.map(
    ([what, sequence], index) =>
      `| ${what} | ${written(sequence)} | ${shown(ofLog[index])} | ${shown(ofTerminal[index])} |`,
  );
  return [
    "# Which escape sequences were tried on a viewer's terminal?",
    "",
    "Written by `cli/test/sessions/terminal.int.test.ts`: each sequence came out of a session, between brackets, while `chimera attach` showed it at a real terminal. Afterwards that terminal had",
    "its own title, an empty clipboard, no mode of keys or mouse that it did not have before, and nothing was typed in answer. What was to be seen between the brackets:",
    "",
    "| what it would do | sequence | of a log | of a terminal |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function childOf(pid: number): number {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}
