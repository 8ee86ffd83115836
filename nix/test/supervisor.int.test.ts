/** The real supervisor, with agents that are broken in every way an agent can be. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSupervisorFixture, systems, type SupervisorFixture } from "./supervisor-fixture.ts";

const stays = "exec /bin/sleep 600";

// NixOS runs it with bash, the lab with dash.
describe.each(["/bin/sh", "/bin/bash"])("with %s", (shell) => {
  let on: SupervisorFixture;
  beforeEach(() => {
    on = createSupervisorFixture(shell);
  });
  afterEach(() => on.end());

  test.each([
    [
      "a folder",
      () => mkdirSync(join(on.folder, `${systems.active}/sw/bin/chimera-agent`), { recursive: true }),
    ],
    [
      "not executable",
      () => chmodSync(on.put(`${systems.active}/sw/bin/chimera-agent`, "#!/bin/sh\n"), 0o644),
    ],
    ["an empty file", () => on.put(`${systems.active}/sw/bin/chimera-agent`, "")],
    ["garbage", () => on.put(`${systems.active}/sw/bin/chimera-agent`, "\0\u0001\0garbage\n)\n")],
    [
      "of an interpreter that is gone",
      () => on.put(`${systems.active}/sw/bin/chimera-agent`, "#!/nowhere/sh\n"),
    ],
    [
      "a link to nowhere",
      () => {
        mkdirSync(join(on.folder, `${systems.active}/sw/bin`), { recursive: true });
        symlinkSync("/nowhere/bin/chimera-agent", join(on.folder, `${systems.active}/sw/bin/chimera-agent`));
      },
    ],
    ["ends with 1 at once", () => on.agent("active", "exit 1")],
    ["ends with 0 at once, for ever", () => on.agent("active", "exit 0")],
    ["dies by a signal", () => on.agent("active", "kill -SEGV $$")],
  ])("%s: such an agent gives way to the one of the previous system", async (_, breakIt) => {
    breakIt();
    on.agent("previous", stays);
    on.start();
    await on.until("the previous system's agent runs", () => on.runsOf("previous") === 1);
    expect(on.said()).toContain("takes its place: previous");
    expect(on.said().match(/ended with/g)).toHaveLength(3);
    expect(on.ran().at(-1)).toBe(`previous ${join(on.folder, "etc/chimera/agent.json")} previous`);
  });

  test("two failures are no reason, and a good agent stands in for nobody", async () => {
    const count = join(on.folder, "count");
    on.agent("active", `echo >> ${count}; [ $(wc -l < ${count}) -gt 2 ] || exit 1; ${stays}`);
    on.agent("previous", stays);
    on.start();
    await on.until("the third try", () => on.runsOf("active") === 3);
    expect(on.ran().at(-1)).toBe(`active ${join(on.folder, "etc/chimera/agent.json")} `);
    expect(on.runsOf("previous")).toBe(0);
  });

  test("when every agent fails the first is tried again, without hurry", async () => {
    on.agent("active", "exit 1");
    on.agent("recorded", "exit 1");
    on.agent("previous", "exit 1");
    on.start();
    await on.until("a second round", () => on.runsOf("previous") >= 4);
    const places = on.ran().map((line) => line.split(" ")[0]);
    const round = ["active", "recorded", "previous"].flatMap((place) => [place, place, place]);
    expect(places.slice(0, 18)).toEqual([...round, ...round].slice(0, places.length));
    expect(on.said()).toContain("every agent failed: beginning again with the first");
    const sleeps = on.read("sleeps").split("\n").slice(0, 9);
    expect(sleeps).toEqual([1, 2, 1, 2, 4, 1, 2, 4, 30].map((seconds) => `slept ${seconds}`));
  });

  test("the recorded agent is passed over where it is the active one, and alone it goes on being tried", async () => {
    on.agent("active", "exit 1");
    on.put("var/lib/chimera/agent-path", `${join(on.folder, systems.active, "sw/bin/chimera-agent")}\n`);
    on.start();
    await on.until("seven tries", () => on.runsOf("active") >= 7);
    expect(on.said()).not.toContain("takes its place");
    expect(on.read("sleeps").split("\n").slice(0, 6).at(-1)).toBe("slept 30");
  });

  test("an agent that dies within a minute, ten times, gives way; one that lasts longer does not", async () => {
    on.agent("active", `${on.lasts(59)}; exit 1`);
    const count = join(on.folder, "count");
    on.agent(
      "previous",
      `echo >> ${count}; [ $(wc -l < ${count}) -lt 12 ] || ${stays}; ${on.lasts(60)}; exit 1`,
    );
    on.start();
    await on.until("the previous system's agent for the twelfth time", () => on.runsOf("previous") === 12);
    expect(on.runsOf("active")).toBe(10);
    expect(on.read("sleeps").split("\n").slice(10, 14)).toEqual(Array.from({ length: 4 }, () => "slept 1"));
  });

  test("a system that knows nothing of Chimera is served by the recorded agent, which stands in for nobody", async () => {
    on.put(`${systems.active}/sw/bin/other`, "");
    on.agent("recorded", stays);
    on.start();
    await on.until("the recorded agent", () => on.runsOf("recorded") === 1);
    expect(on.ran()).toEqual([`recorded ${join(on.folder, "etc/chimera/agent.json")} `]);
  });

  test("an agent that refuses the configuration gets the one of its own system", async () => {
    on.agent("active", "exit 1");
    on.agent("previous", `[ "$(cat "$3")" = own ] || exit 78; ${stays}`);
    const own = on.put(`${systems.previous}/etc/chimera/agent.json`, "own\n");
    on.start();
    await on.until("its own configuration", () => on.ran().at(-1)?.startsWith(`previous ${own}`) === true);
    expect(on.said()).toContain(`refused its configuration: trying ${own}`);
    expect(on.runsOf("previous")).toBe(2);
  });

  test("a configuration that is refused everywhere is a failure like any other", async () => {
    on.agent("active", "exit 78");
    on.put(`${systems.active}/etc/chimera/agent.json`, "own\n");
    on.agent("previous", stays);
    on.start();
    await on.until("the previous system's agent", () => on.runsOf("previous") === 1);
    expect(on.runsOf("active")).toBe(3);
  });

  test("an agent that comes while another drives the node is no failure; with a dead one's lock it is", async () => {
    on.agent("active", "exit 75");
    on.agent("previous", stays);
    on.put("run/chimera/agent.lock", `${process.pid} 1 boot\n`);
    on.start();
    await on.until("five tries", () => on.runsOf("active") >= 5);
    expect(on.runsOf("previous")).toBe(0);
    on.put("run/chimera/agent.lock", "4194305 1 boot\n");
    await on.until("the previous system's agent", () => on.runsOf("previous") === 1);
    expect(new Set(on.read("sleeps").split("\n").slice(0, 4))).toEqual(new Set(["slept 2"]));
  });

  test("an agent that the watchdog had to end gives way at once, but not for another one's number", async () => {
    on.agent("active", `echo $$ > ${join(on.folder, "run/chimera/hung")}; kill -KILL $$`);
    on.agent("previous", `echo 1 > ${join(on.folder, "run/chimera/hung")}; ${stays}`);
    on.start();
    await on.until("the previous system's agent", () => on.runsOf("previous") === 1);
    expect(on.runsOf("active")).toBe(1);
  });

  test("a stand-in that leaves after a while makes room for the first again, and for another supervisor", async () => {
    const mended = join(on.folder, "mended");
    on.agent("active", `[ -e ${mended} ] || exit 1; ${stays}`);
    on.agent("previous", `${on.lasts(5)}; touch ${mended}; exit 0`);
    const next = on.put(
      "next-supervisor",
      `#!/bin/sh\ntouch ${join(on.folder, "replaced")}\nexec ${join(on.folder, "supervisor")}\n`,
    );
    on.put(
      "etc/chimera/agent-window.conf",
      `# one\nnew-window -k -d -t '=sentinel:0' -n agent 'exec ${next}'\nset-option x\n`,
    );
    on.start();
    await on.until("the active agent", () => on.runsOf("active") === 4);
    expect(existsSync(join(on.folder, "replaced"))).toBe(true);
    expect(on.ran().at(-1)).toBe(`active ${join(on.folder, "etc/chimera/agent.json")} `);
  });

  test("a supervisor that would be followed by nothing stays", async () => {
    const left = join(on.folder, "left");
    on.agent("active", `[ ! -e ${left} ] || ${stays}; ${on.lasts(5)}; touch ${left}; exit 0`);
    on.put("etc/chimera/agent-window.conf", "new-window -k 'exec /nowhere/supervisor'\n");
    on.start();
    await on.until("the agent again", () => on.runsOf("active") === 2);
    expect(on.said()).not.toContain("making room");
  });

  test.each([
    ["an agent that outlived its supervisor is ended", "chimera-agent run", "SIGTERM"],
    ["a dead-man at work is left alone", "chimera-agent dead-man", null],
    ["a process that only has the number is left alone", "sleep", null],
  ])("%s", async (_, argv0, signal) => {
    const other = spawn("sleep", ["600"], { argv0, stdio: "ignore" });
    on.put("run/chimera/agent.pid", `${other.pid}\n`);
    on.agent("active", stays);
    on.start();
    await on.until("the agent", () => on.runsOf("active") === 1);
    expect(other.signalCode).toBe(signal);
    other.kill("SIGKILL");
  });

  test("the agent ends with its supervisor, and its pid file names it while it runs", async () => {
    on.agent("active", stays);
    on.start();
    await on.until("the agent", () => on.runsOf("active") === 1 && on.read("run/chimera/agent.pid") !== "");
    const pid = Number(on.read("run/chimera/agent.pid"));
    expect(() => process.kill(pid, 0)).not.toThrow();
    await on.end();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
