// What an operator can do about drift on a real node: see it, let it be, take it in, and end a fight over it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentPid, deployWorld } from "../fleet/fleet-stage.ts";
import { operatorOf, type Operator } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
let operator: Operator;
const patience = { timeoutMs: 70_000, everyMs: 100 };

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  operator = operatorOf(fleet.lab);
  // Units are only reported where nobody says otherwise: these of one unit are put back.
  const glob = "/run/systemd/system/lab-app-2.service.d/*";
  const rules = [{ glob, mode: "revert", reason: "ours alone" }];
  const agentConfig = { drift: { rules, sweepSeconds: 10 } };
  const { code, stdout, stderr } = await deployWorld(fleet, "a", { agentConfig });
  if (code !== 0) throw new Error(stdout + stderr);
});
afterAll(() => downUnlessInUse());

/** In one step, as an editor does: nobody meets half of it. */
async function edit(path: string, text: string, mode = "0644"): Promise<void> {
  await node.runChecked(["tee", "/etc/.edited"], { input: text });
  await node.runChecked(["chmod", mode, "/etc/.edited"]);
  await node.runChecked(["mv", "-fT", "/etc/.edited", path]);
}

const targetOf = async (path: string) => (await node.run(["readlink", path])).stdout.trim();
const isLink = async (path: string) => (await targetOf(path)) === path.replace("/etc/", "/etc/static/");
const backAt = (path: string) => waitUntil(`${path} is put back`, () => isLink(path), patience);
const drift = (...args: string[]) => operator.ok(["drift", ...args]);

test("an edit is put back, and shown with what it changed", async () => {
  await edit("/etc/motd", "This is n1, by hand.\n");
  await backAt("/etc/motd");
  const shown = await drift("show", "n1", "/etc/motd");
  expect(shown).toMatch(/managed\n +declared by +\/nix\/store\/\S+\/etc\/motd/u);
  expect(shown).toContain("-This is n1, world a.\n+This is n1, by hand.\n");
  expect(await drift("explain", "n1", "/etc/machine-id")).toContain("built-in list");
  const here = await node.runChecked(["chimera", "drift", "explain", "/etc/motd"]);
  expect(here).toContain("managed\n");
  expect(await drift("history", "n1", "/etc/motd")).toMatch(/put back, \d+ ms +replaced-by-file/u);
});

test("a path that is ignored stays as it is, also for an agent that is started again, until that is ended", async () => {
  const path = "/etc/lab/link-1";
  await drift("ignore", "n1", path, "--for", "1h", "--reason", "measuring");
  await edit(path, "by hand\n");
  await waitUntil("it is told", async () => (await drift("n1")).includes("measuring"), patience);
  const before = await agentPid(node);
  await node.runChecked(["kill", `${before}`]);
  await waitUntil("another agent", async () => ![undefined, before].includes(await agentPid(node)), patience);
  await waitUntil("it is told again", async () => (await drift("n1")).includes("is ignored until"), patience);
  expect(await isLink(path)).toBe(false);
  expect(await drift("unignore")).toMatch(/n1 +\/etc\/lab\/link-1 .*measuring/u);
  await drift("unignore", "n1", path);
  await backAt(path);
});

test("a change is adopted as a snippet that evaluates to it, and left alone meanwhile", async () => {
  const path = "/etc/lab/link-2";
  const text = "it's ${HOME}: 100 $\n\n  'quoted' \\ \"twice\"\n";
  await drift("ignore", "n1", path, "--for", "1h", "--reason", "editing");
  await edit(path, text);
  await waitUntil("it is told", async () => (await drift("n1")).includes("link-2"), patience);
  const snippet = await drift("adopt", "n1", path, "--for", "1h");
  const evaluated = await fleet.lab
    .host("ws")
    .runChecked(["nix-instantiate", "--eval", "--strict", "--json", "--expr", `{ ${snippet} }`]);
  expect(JSON.parse(evaluated)).toEqual({ environment: { etc: { "lab/link-2": { text, mode: "0644" } } } });
  expect(await isLink(path)).toBe(false);
  await drift("unignore", "n1", path);
  await backAt(path);
});

test("content that not everybody may read does not leave the node", async () => {
  const secret = "TOP-SECRET-7261";
  await edit("/etc/lab/link-3", `${secret}\n`, "0600");
  await backAt("/etc/lab/link-3");
  await node.runChecked(["tee", "/etc/lab/copy-3"], { input: `${secret}\n` });
  const isBack = async () => !(await node.runChecked(["cat", "/etc/lab/copy-3"])).includes(secret);
  await waitUntil("the copy is put back", isBack, patience);
  for (const [path, mode] of [
    ["/etc/lab/link-3", "0600"],
    ["/etc/lab/copy-3", "0640"],
  ] as const) {
    expect(await drift("show", "n1", path)).toContain(`not shown: mode ${mode}`);
    const json = await drift("show", "n1", path, "--json");
    expect(json).not.toContain(Buffer.from(secret).toString("base64").slice(0, 16));
    const adopted = await operator.run(["drift", "adopt", "n1", path, "--for", "1h"]);
    expect(adopted).toMatchObject({ code: 66, stdout: "" });
  }
  const kept = await node.runChecked(["grep", "-rl", secret, "/var/lib/chimera/evidence"]);
  expect(kept.trim().split("\n")).toHaveLength(2);
  const modes = await node.runChecked(["find", "/var/lib/chimera/evidence", "-perm", "/077"]);
  expect(modes).toBe("");
});

async function override(unit: string, mode = "0644"): Promise<string> {
  const folder = `/run/systemd/system/${unit}.d`;
  await node.runChecked(["mkdir", "-p", folder]);
  const edited = `${folder}/.edited`;
  await node.runChecked(["tee", edited], { input: "[Service]\nEnvironment=BY_HAND=1\n" });
  await node.runChecked(["chmod", mode, edited]);
  await node.runChecked(["mv", "-fT", edited, `${folder}/x.conf`]);
  return `${folder}/x.conf`;
}

test("an override of a unit is explained and shown while it is only reported", async () => {
  const path = await override("lab-app-1.service");
  await waitUntil("it is told", async () => (await drift("n1")).includes(path), patience);
  const explained = await drift("explain", "n1", path);
  expect(explained).toMatch(
    /managed, as one of units\n +declared by +\/nix\/store\/\S+\/lab-app-1\.service\n/u,
  );
  expect(explained).toMatch(
    /should be +missing\n +is now +file .*only reported: drift\.classes\.units is not set/su,
  );
  expect(explained).toMatch(/set by +default\n +to change .*drift\.classes\.units to "revert"/u);
  const here = await node.runChecked(["chimera", "drift", "explain", path, "--json"]);
  expect(JSON.parse(here)).toMatchObject({
    open: { kind: "unit-override", path },
    stance: { setBy: "default" },
  });
  expect(await drift("show", "n1", path)).toContain("+[Service]\n+Environment=BY_HAND=1\n");
  const adopted = await operator.run(["drift", "adopt", "n1", path, "--for", "1h"]);
  expect(adopted).toMatchObject({ code: 65, stdout: "" });
  await node.runChecked(["rm", path]);
});

test("one that was taken away is fetched by its name, and its text only where everybody could read it", async () => {
  for (const [mode, shows] of [
    ["0644", "+Environment=BY_HAND=1\n"],
    ["0600", "not shown: mode 0600\n"],
  ] as const) {
    const path = await override("lab-app-2.service", mode);
    const isGone = async () => (await node.run(["test", "-e", path])).code !== 0;
    await waitUntil("it is taken away", isGone, patience);
    const shown = await drift("show", "n1", path);
    expect(shown).toMatch(/a rule names the path\n +set by +module\n/u);
    expect(shown).toContain(shows);
    const id = /^ +\* (\S+)$/mu.exec(shown)?.[1] ?? "none";
    expect(await drift("show", "n1", path, "--evidence", id)).toContain(shows);
  }
});

test("pointers, accounts and the store are explained, and what nobody compares is said to be that", async () => {
  const system = await targetOf("/run/current-system");
  expect(await drift("explain", "n1", "/run/current-system")).toMatch(
    /managed, as one of pointers\n[\s\S]*should be +symlink -> \/nix\/store[\s\S]*a difference is put back: drift\.mode is not set/u,
  );
  const root = "/nix/var/nix/gcroots/current-system";
  await node.runChecked(["chimera", "local", "hold", "--for", "1h", "--drift", "--reason", "by hand"]);
  await node.runChecked(["ln", "-sfn", "/tmp", root]);
  const moved = await drift("explain", "n1", root, "--json");
  expect(JSON.parse(moved)).toMatchObject({
    explanation: { kind: "managed", part: "pointers", expected: { target: "/run/current-system" } },
    open: { kind: "wrong-target", found: { target: "/tmp" } },
    stance: { mode: "report", setBy: "hold" },
  });
  await node.runChecked(["chimera", "local", "release"]);
  await waitUntil("it is back", async () => (await targetOf(root)) === "/run/current-system", patience);
  const path = await drift("explain", "n1", system);
  expect(path).toMatch(/declared by +the signed closure list [0-9a-f]{64}\n/u);
  expect(path).toMatch(
    /only reported: drift\.store\.mode is not set.*\n +set by +default\n +to change .*drift\.store\.mode to "revert"/u,
  );
  expect(await drift("explain", "n1", "/etc/passwd#nobody-of-ours")).toContain("declares no such account");
  expect(await drift("show", "n1", "/root/.bashrc")).toContain("nothing there is compared");
});

test("a path that is fought over rests, and resume ends that", async () => {
  const path = "/etc/lab/link-4";
  const isResting = async () => {
    await edit(path, "again\n");
    return (await drift("n1")).includes("fought over");
  };
  await waitUntil("the fight is told", isResting, { timeoutMs: 60_000, everyMs: 10 });
  expect(await drift("n1")).toMatch(/n1 +replaced-by-file +\/etc\/lab\/link-4 .*only reported until 20/u);
  expect(await isLink(path)).toBe(false);
  await drift("resume", "n1", path, "--reason", "the fight is over");
  await backAt(path);
  await waitUntil("it is told", async () => !(await drift("n1")).includes("fought over"), patience);
});
