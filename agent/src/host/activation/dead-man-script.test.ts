import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Step, type Journal } from "../../reconcile/journal.ts";
import { headId } from "../../reconcile/model/machine-model.ts";
import { at } from "../../reconcile/model/play-machine.ts";
import { deadManScript } from "./dead-man-script.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-dead-man-"));
  const program = join(folder, "previous/bin/switch-to-configuration");
  mkdirSync(join(folder, "previous/bin"), { recursive: true });
  writeFileSync(program, `#!/bin/sh\necho "$1" > ${folder}/switched\n`);
  chmodSync(program, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What it switched to: the action, or null where it did nothing. */
function fire(journal: Journal | string | null): boolean {
  const text = typeof journal === "string" ? journal : `${JSON.stringify(journal)}\n`;
  if (journal !== null) writeFileSync(join(folder, "journal.json"), text);
  const script = deadManScript({
    shell: "/bin/sh",
    order: headId("1"),
    // The path is a test's: no store is written to.
    previous: JSON.parse(JSON.stringify(join(folder, "previous"))),
    stateDir: folder,
    runtimeDir: folder,
  });
  writeFileSync(join(folder, "dead-man.sh"), script);
  execFileSync("/bin/sh", [join(folder, "dead-man.sh")], { stdio: "ignore" });
  return existsSync(join(folder, "switched"));
}

for (const step of Step.options) {
  const undone = step === "arming" || step === "activating" || step === "probation";
  test(`with ${step} in the journal it ${undone ? "goes back" : "does nothing"}`, () => {
    expect(fire(at(step))).toBe(undone);
  });
}

test("another order's journal, none, half of one and garbage are left alone", () => {
  expect(fire({ ...at("probation"), order: { ...at("probation").order, id: headId("2") } })).toBe(false);
  expect(fire("")).toBe(false);
  expect(fire("\0\0\0")).toBe(false);
});

test("what a message in the journal says is not taken for its step", () => {
  const message = `"step":"probation" of ${headId("1")}`;
  const problem = { code: "bug", message, at: "2026-11-23T12:00:00.000Z" };
  expect(fire(at("committed", { problem }))).toBe(false);
});

test("a number that is somebody else's by now is left alone", () => {
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  writeFileSync(join(folder, "agent.pid"), `${other.pid}\n`);
  expect(fire(at("probation"))).toBe(true);
  expect(other.kill("SIGTERM")).toBe(true);
});

test("a lock that is held is asked for again", () => {
  const program = join(folder, "previous/bin/switch-to-configuration");
  const script = `#!/bin/sh\n[ -e ${folder}/tried ] || { touch ${folder}/tried; exit 11; }\necho "$1" > ${folder}/switched\n`;
  writeFileSync(program, script);
  expect(fire(at("probation"))).toBe(true);
});

test("a hanging agent, which holds the switch's lock, is ended first", async () => {
  const program = join(folder, "chimera-agent");
  writeFileSync(program, "#!/bin/sh\nexec sleep 60\n".replace("exec ", ""), { mode: 0o755 });
  const agent = spawn(program, { stdio: "ignore" });
  writeFileSync(join(folder, "agent.pid"), `${agent.pid}\n`);
  expect(fire(at("probation"))).toBe(true);
  await vi.waitFor(() => expect(agent.signalCode).toBe("SIGKILL"));
});
