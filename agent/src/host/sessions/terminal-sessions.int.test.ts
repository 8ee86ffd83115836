// Sessions in a terminal: a real tmux server holds it, a real systemd runs what is in it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSessionsFixture, ended, nameOf, shell, type SessionsFixture } from "./sessions-fixture.ts";
import type { HostSessions } from "./open-sessions.ts";

let node: SessionsFixture;

beforeAll(async () => {
  node = await createSessionsFixture();
});
afterAll(() => node.dispose());

const size = { columns: 90, rows: 30 };
const terminal = { output: "terminal", size } as const;

async function screenOf(sessions: HostSessions, name: string): Promise<string> {
  const source = await sessions.open(nameOf(name), () => undefined);
  if (source === null) throw new Error(`there is no session ${name}`);
  try {
    const { history, screen } = await source.picture();
    return Buffer.concat([history, screen]).toString("utf8");
  } finally {
    source.close();
  }
}

test("a program has a terminal of that size, its user's keys reach it, and its last screen stays", async () => {
  const sessions = node.agent();
  const [outcome] = await sessions.start([
    shell(
      "asks",
      'test -t 0 && test -t 1 && test -t 2 && stty size; tty; read -r word; echo "got $word"; exit 9',
      terminal,
    ),
  ]);
  expect(outcome).toMatchObject({ kind: "started", facts: { output: "terminal", size } });
  await expect.poll(() => screenOf(sessions, "asks")).toContain("/dev/pts/");
  expect(await screenOf(sessions, "asks")).toContain("30 90");
  const typist = await sessions.typist(nameOf("asks"), () => undefined);
  await typist.type(Buffer.from("hello\r"));
  typist.close();
  expect(await ended(sessions, "asks")).toMatchObject({ state: "ended", exitCode: 9 });
  expect(await screenOf(sessions, "asks")).toContain("got hello");
  expect(node.tmux.tmux("-N", "list-sessions", "-F", "#{session_name}")).toBe("sentinel");
  // Also for the next agent.
  expect(await screenOf(node.agent(), "asks")).toContain("got hello");
});

test("Ctrl-C in it is its program's affair, and a new size reaches it", async () => {
  const sessions = node.agent();
  const script =
    "trap 'echo stopped; exit 130' INT; trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done";
  await sessions.start([shell("rings", script, terminal)]);
  await expect.poll(() => screenOf(sessions, "rings")).toContain("up");
  const typist = await sessions.typist(nameOf("rings"), () => undefined);
  await typist.resize({ columns: 100, rows: 20 });
  await expect.poll(() => screenOf(sessions, "rings")).toContain("20 100");
  expect(sessions.facts(nameOf("rings"))?.size).toEqual({ columns: 100, rows: 20 });
  await typist.type(Buffer.from([3]));
  expect(await ended(sessions, "rings")).toMatchObject({ exitCode: 130 });
  expect(await screenOf(sessions, "rings")).toContain("stopped");
  typist.close();
});

test("what a program writes neither names a window nor reaches the clipboard nor passes through", async () => {
  const sessions = node.agent();
  const hostile = [
    String.raw`\033]0;renamed\007`,
    String.raw`\033]2;titled\007`,
    String.raw`\033krenamed\033\\`,
    String.raw`\033]52;c;aGVsbG8=\007`,
    String.raw`\033Ptmux;\033\033]52;c;aGVsbG8=\007\033\\`,
  ].join("");
  await sessions.start([shell("hostile", `printf '${hostile}'; echo done; sleep 60`, terminal)]);
  await expect.poll(() => screenOf(sessions, "hostile")).toContain("done");
  const ask = (format: string) => node.tmux.tmux("-N", "display-message", "-p", "-t", "=hostile:", format);
  expect(ask("#{session_name} #{window_name}")).toBe("hostile session");
  expect(node.tmux.tmux("-N", "list-buffers")).toBe("");
  expect(node.tmux.tmux("-N", "show-options", "-s", "-v", "set-clipboard")).toBe("off");
  expect(node.tmux.tmux("-N", "show-options", "-gw", "-v", "allow-rename")).toBe("off");
  await sessions.end(nameOf("hostile"), "SIGKILL");
  expect(await ended(sessions, "hostile")).toMatchObject({ signal: "SIGKILL" });
});

test("the history of a terminal has an end", async () => {
  const sessions = node.agent();
  await sessions.start([shell("long", "seq 1 100000; echo at the end; sleep 60", terminal)]);
  await expect.poll(() => screenOf(sessions, "long"), { timeout: 20_000 }).toContain("at the end");
  expect(
    Number(node.tmux.tmux("-N", "display-message", "-p", "-t", "=long:", "#{history_size}")),
  ).toBeLessThanOrEqual(2000);
  await sessions.end(nameOf("long"), "SIGKILL");
  await ended(sessions, "long");
});

test("a name that somebody's tmux session has is refused, and nothing of it runs", async () => {
  const sessions = node.agent();
  node.tmux.open("theirs", "exec sleep 1000");
  const outcomes = await sessions.start([
    shell("ours", "sleep 60", terminal),
    shell("theirs", "sleep 60", terminal),
  ]);
  expect(outcomes).toMatchObject([{ kind: "started" }, { kind: "refused", code: "tool-failed" }]);
  expect(sessions.facts(nameOf("theirs"))).toBeNull();
  expect(node.tmux.tmux("-N", "has-session", "-t", "=theirs")).toBe("");
  await sessions.end(nameOf("ours"), "SIGKILL");
  await ended(sessions, "ours");
});

test("with a session's end its terminal is the kernel's again, also where the program had taken it over", async () => {
  const sessions = node.agent();
  const names = ["t1", "t2", "t3"];
  await sessions.start(names.map((name) => shell(name, "sleep 1", terminal)));
  const held = names.map((name) => {
    const said = node.tmux.tmux("-N", "display-message", "-p", "-t", `=${name}:`, "#{pane_pid} #{pane_tty}");
    const [pid = "", tty = ""] = said.trim().split(" ");
    return { pid, tty };
  });
  const [{ pid: first } = { pid: "" }] = held;
  const controls = () => readFileSync(`/proc/${first}/stat`, "utf8").split(") ")[1]?.split(" ")[4];
  // What made it stay: the unit controls the terminal, and not who holds it.
  await expect.poll(controls).toBe("0");
  for (const name of names) await ended(sessions, name);
  await expect
    .poll(() => held.filter(({ pid, tty }) => existsSync(`/proc/${pid}`) || existsSync(tty)))
    .toEqual([]);
});

test("with the tmux server goes what heeds SIGHUP; what does not goes on, and both are said", async () => {
  const first = node.agent();
  await first.start([
    shell("heeds", "echo up; sleep 60", terminal),
    shell("ignores", "trap '' HUP; echo up; sleep 2; exit 6", terminal),
    shell("plain", "sleep 2; exit 5"),
  ]);
  await expect.poll(() => screenOf(first, "ignores")).toContain("up");
  first.close();
  node.tmux.killServer();
  // As the sentinel's unit does.
  execFileSync("sleep", ["0.3"]);
  node.tmux.open("sentinel", "exec sleep 1000");
  const second = node.agent();
  await second.settled;
  expect(await ended(second, "heeds")).toMatchObject({ state: "ended", signal: "SIGHUP" });
  expect(second.facts(nameOf("ignores"))).toMatchObject({
    state: "running",
    note: expect.stringContaining("its terminal was lost in tmux"),
  });
  await expect(screenOf(second, "ignores")).rejects.toThrow(/nothing is left/);
  expect(await ended(second, "ignores")).toMatchObject({ state: "ended", exitCode: 6 });
  expect(await ended(second, "plain")).toMatchObject({ state: "ended", exitCode: 5 });
});

test("100 terminals at once each leave their last screen, and tmux is as it was", async () => {
  const sessions = node.agent();
  const names = Array.from({ length: 100 }, (_, index) => `crowd-${"x".repeat(40)}-${index}`);
  const outcomes = await sessions.start(
    names.map((name, index) => shell(name, `echo number ${index}; exit ${index}`, terminal)),
  );
  expect(outcomes.filter(({ kind }) => kind !== "started")).toEqual([]);
  const ends = await Promise.all(names.map((name) => ended(sessions, name)));
  expect(ends.map(({ exitCode }) => exitCode)).toEqual(names.map((_, index) => index));
  for (const [index, name] of names.entries())
    expect(await screenOf(sessions, name)).toContain(`number ${index}`);
  expect(node.tmux.tmux("-N", "list-sessions", "-F", "#{session_name}").split("\n")).not.toContain(names[0]);
});
