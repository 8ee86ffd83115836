/** A tmux server that dies or is not there, and output that would harm the terminal that shows it. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunStage, eventually, type RunStage } from "../fixture/run-stage.ts";

let stage: RunStage;
beforeEach(async () => {
  stage = await createRunStage();
});
afterEach(() => stage.end());

async function serverPid(): Promise<number> {
  return Number(await stage.tmux("display-message", "-p", "#{pid}"));
}

describe("the tmux server killed", () => {
  test("ends a run whose terminal it was: reported lost, at once and later", async () => {
    const terminal = await stage.terminal([
      "run",
      "--name",
      "lost",
      "--",
      "sh",
      "-c",
      "echo begun; sleep 300",
    ]);
    await terminal.until("begun");
    process.kill(await serverPid(), "SIGKILL");
    expect(await terminal.until("[ended")).toMatch(
      /lost\.1 is lost: its tmux server or session was killed[^]*\[ended 70\]$/u,
    );
    expect(await stage.run("lost.1")).toMatchObject({ state: "lost", why: expect.stringContaining("tmux") });
    expect((await stage.call(["logs", "lost"])).out).toBe("begun\r\n");
    // And the next one starts as if nothing had been.
    const next = await stage.terminal(["run", "--name", "lost", "--", "sh", "-c", "echo next"]);
    await next.until(/next\n\[ended 0\]/u);
  });

  test("a script that does not mind goes on to its end", async () => {
    const script = "trap '' HUP; echo begun; while [ ! -e go ]; do sleep 0.1; done; exit 7";
    await stage.call(["run", "-dt", "--name", "tough", "--", "sh", "-c", script]);
    process.kill(await serverPid(), "SIGKILL");
    await writeFile(join(stage.work, "go"), "");
    await eventually(
      () => stage.run("tough.1"),
      ({ state }) => state === "ended",
    );
    expect(await stage.run("tough.1")).toMatchObject({ exit: 7 });
  });

  test("a session that somebody kills is lost too", async () => {
    await stage.call(["run", "-dt", "--name", "ks", "--", "sleep", "300"]);
    await stage.tmux("kill-session", "-t", "=ks@1");
    const run = await eventually(
      () => stage.run("ks.1"),
      ({ state }) => state !== "running",
    );
    expect(run.state).toBe("lost");
  });
});

describe("hostile output", () => {
  test("sets no clipboard and no title of the terminal that shows it, and asks it nothing", async () => {
    const evil = [
      "\\033]52;c;RVZJTA==\\007",
      "\\033]0;EVIL\\007",
      "\\033]2;EVIL\\033\\\\",
      "\\033kEVIL\\033\\\\",
      "\\033Ptmux;\\033\\033]52;c;RVZJTA==\\007\\033\\\\",
      "\\033[c\\033[>c\\033[6n\\033[21t\\033[?2004$p",
      "\\033[201~",
    ].join("");
    await stage.script(
      "evil.sh",
      `#!/bin/bash\nprintf '${evil}'; echo safe; read -r -t 1 line; echo "end"\n`,
    );
    const terminal = await stage.terminal(["run", "--no-nix", "evil.sh"]);
    const title = await terminal.ask("#{pane_title}");
    await terminal.until("safe");
    await terminal.until("[ended 0]");
    expect(await terminal.ask("#{pane_title}")).toBe(title);
    expect(await terminal.ask("#{window_name}")).not.toContain("EVIL");
    expect(await terminal.buffers()).toBe("");
    // The log of it, shown at a terminal, does no more; in a pipe it is as it was.
    const shown = await stage.terminal(["logs", "evil"]);
    expect(await shown.until("[ended 0]")).toContain("safe");
    expect(await shown.buffers()).toBe("");
    expect(await shown.ask("#{pane_title}")).toBe(title);
    expect((await stage.call(["logs", "evil"])).out).toContain("\u001b]52;c;RVZJTA==\u0007");
  });

  test("no key makes windows, commands or shells in the server", async () => {
    await stage.call(["run", "-dt", "--name", "keys", "--", "cat"]);
    const terminal = await stage.terminal(["attach", "keys"]);
    await eventually(
      () => stage.tmux("list-clients"),
      (clients) => clients !== "",
    );
    for (const key of ["c", '"', "%", ":", "!", "&", "$", ",", "x", "s"]) await terminal.keys("C-b", key);
    await terminal.type("still here");
    await terminal.keys("Enter");
    // What comes at once counts as pasted text, also a prefix key: then it is the script's.
    await terminal.until(/still here\n[^]*still here/u);
    expect(await stage.tmux("list-panes", "-a", "-F", "#{session_name}:#{window_index}.#{pane_index}")).toBe(
      "keys@1:0.0",
    );
  });

  test("what the server remembers is bounded", async () => {
    await stage.call(["run", "-dt", "--name", "big", "--", "sh", "-c", "seq 1 100000; sleep 300"]);
    await eventually(
      () => stage.tmux("capture-pane", "-p", "-t", "=big@1:"),
      (text) => text.includes("100000"),
    );
    expect(
      Number(await stage.tmux("display-message", "-p", "-t", "=big@1:", "#{history_size}")),
    ).toBeLessThanOrEqual(5000);
  });
});

test("without tmux it is said, and work with a log goes on", async () => {
  const bin = join(stage.home, "bin");
  await mkdir(bin);
  for (const tool of ["sleep", "tail"]) {
    await stage.script(`../bin/${tool}`, `#!/bin/sh\nexec /usr/bin/${tool} "$@"\n`);
  }
  const bare = await createRunStage(() => ["env", `PATH=${bin}`]);
  expect(await bare.call(["run", "-dt", "--", "sleep", "300"])).toMatchObject({
    code: 69,
    err: expect.stringContaining("no `tmux` on PATH"),
  });
  expect(await bare.runs("--all")).toEqual([]);
  const log = await bare.call(["run", "-d", "--", "sleep", "300"]);
  expect(log).toMatchObject({
    code: 0,
    out: "sleep\n",
    err: expect.stringMatching(/runs without a session.*no `tmux`/u),
  });
  await bare.end();
});

test("a terminal that tmux does not know is told, and the run goes on without it", async () => {
  const odd = await createRunStage(() => ["env", "TERM=nonsense"]);
  const terminal = await odd.terminal(["run", "--name", "odd", "--", "sleep", "300"]);
  expect(await terminal.until("[ended")).toMatch(
    /tmux cannot show odd, which runs on: .*nonsense[^]*\[ended 70\]/u,
  );
  expect(await odd.run("odd.1")).toMatchObject({ state: "running" });
  await odd.end();
});

test("a state folder that cannot be written to is named", async () => {
  const blocked = await createRunStage(({ home }) => ["env", `XDG_STATE_HOME=${home}/file`]);
  await writeFile(join(blocked.home, "file"), "");
  expect(await blocked.call(["run", "--", "true"])).toMatchObject({
    code: 66,
    err: expect.stringMatching(/\/file\/chimera\/runs: ENOTDIR/u),
  });
  expect((await blocked.call(["ps"])).code).toBe(66);
  await rm(join(blocked.home, "file"));
  await blocked.end();
});
