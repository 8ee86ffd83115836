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
  const { code, stdout, stderr } = await deployWorld(fleet, "a");
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
