import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initialTrust } from "@chimera/proto/acceptance/trust-state";
import { generateKey } from "@chimera/proto/signed/keys";
import { execa, type Options } from "execa";
import { firstKeySet, fleetId } from "./control/fleet-fixture.ts";
import { at } from "./reconcile/model/play-machine.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const program = join(import.meta.dirname, "main.ts");
const patient = { timeout: 20_000, interval: 50 };
const options = { reject: false, forceKillAfterDelay: 10_000 } satisfies Options;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-agent-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const agent = (...args: string[]) => execa(process.execPath, [program, ...args], options);

async function writeConfig(over: object = {}): Promise<string> {
  const identity = join(folder, "identity");
  await agent("identity", "--dir", identity, "--node", "n1");
  writeFileSync(join(identity, "token"), "t\n");
  const file = join(folder, "agent.json");
  const config = {
    node: "n1",
    fleetId,
    // Nobody listens there: an agent must live without.
    nats: { servers: ["nats://127.0.0.1:9"], seedFile: join(identity, "nats.seed") },
    controller: { url: "http://127.0.0.1:9", tokenFile: join(identity, "token") },
    nodeKeyFile: join(identity, "node.key"),
    trustedKeys: firstKeySet,
    nix: { trustedPublicKeys: [generateKey("cache").public] },
    stateDir: join(folder, "state"),
    runtimeDir: join(folder, "run"),
    drift: { mode: "report" },
    ...over,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test("identities are made once, for root only, and only the public halves are printed", async () => {
  const dir = join(folder, "identity");
  const first = await agent("identity", "--dir", dir, "--node", "n1");
  const second = await agent("identity", "--dir", dir, "--node", "n1");
  expect(second.stdout).toBe(first.stdout);
  const card: unknown = JSON.parse(first.stdout);
  expect(card).toEqual({
    node: "n1",
    nkey: expect.stringMatching(/^U/),
    nodeKey: expect.stringMatching(/^n1:/),
  });
  for (const file of ["nats.seed", "node.key"]) {
    expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    expect(first.stdout).not.toContain(readFileSync(join(dir, file), "utf8").trim());
  }
});

test("without NATS and controller it runs, shows progress, refuses a second one, and leaves when told", async () => {
  const config = await writeConfig();
  const first = agent("run", "--config", config);
  const progress = join(folder, "run/progress");
  await vi.waitFor(() => expect(existsSync(progress)).toBe(true), patient);
  expect(readFileSync(join(folder, "run/agent.pid"), "utf8").trim()).toBe(String(first.pid));
  const second = await agent("run", "--config", config);
  expect(second.exitCode).toBe(75);
  expect(second.stderr).toContain("another agent drives this node");
  expect(readFileSync(join(folder, "run/agent.pid"), "utf8").trim()).toBe(String(first.pid));
  first.kill("SIGTERM");
  expect((await first).exitCode).toBe(0);
  expect(existsSync(join(folder, "run/agent.lock"))).toBe(false);
  expect(readFileSync(join(folder, "state/outbox.jsonl"), "utf8")).toContain("agent-started");
});

for (const [name, text] of [
  ["a journal that was cut short", "{"],
  ["a newer agent's journal", '{"v":9,"step":"dancing"}'],
] as const) {
  test(`${name} is kept as evidence and told, and the agent drives on`, async () => {
    const config = await writeConfig();
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state/journal.json"), text);
    const running = agent("run", "--config", config);
    const outbox = join(folder, "state/outbox.jsonl");
    await vi.waitFor(() => expect(readFileSync(outbox, "utf8")).toContain("journal was unreadable"), patient);
    const kept = readdirSync(join(folder, "state")).filter((file) =>
      /^journal\.json\.(corrupt|newer)-/.test(file),
    );
    expect(kept.map((file) => readFileSync(join(folder, "state", file), "utf8"))).toEqual([text]);
    running.kill("SIGTERM");
    await running;
  });
}

test("without a journal, and with one at rest, there is nothing to recover and no boot to hold up", async () => {
  const config = await writeConfig();
  const none = await agent("recover", "--config", config);
  expect(none).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("no journal") });
  expect(await agent("gate", "--config", config)).toMatchObject({ exitCode: 0 });
  mkdirSync(join(folder, "state"), { recursive: true });
  const journal = at("committed");
  writeFileSync(join(folder, "state/journal.json"), JSON.stringify(journal));
  const rest = await agent("recover", "--config", config);
  expect(rest).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("committed") });
  const late = await agent("dead-man", "--config", config, "--order", journal.order.id);
  expect(late).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("nothing to undo") });
  expect(readFileSync(join(folder, "state/journal.json"), "utf8")).toBe(JSON.stringify(journal));
});

test("while an agent drives nothing is recovered beside it", async () => {
  const config = await writeConfig();
  const running = agent("run", "--config", config);
  await vi.waitFor(() => expect(existsSync(join(folder, "run/progress"))).toBe(true), patient);
  const beside = await agent("recover", "--config", config);
  expect(beside).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("another agent drives") });
  running.kill("SIGTERM");
  await running;
});

test("a state of another fleet stays as it is, the agent says what to do, and goes on without orders", async () => {
  const config = await writeConfig();
  const trust = join(folder, "state/trust.json");
  const foreign = JSON.stringify({ ...initialTrust(firstKeySet, fleetId), fleetId: "e".repeat(64) });
  mkdirSync(join(folder, "state"));
  writeFileSync(trust, foreign);
  const running = agent("run", "--config", config);
  const outbox = join(folder, "state/outbox.jsonl");
  await vi.waitFor(() => expect(readFileSync(outbox, "utf8")).toContain("fleet-mismatch"), patient);
  await vi.waitFor(() => expect(existsSync(join(folder, "run/progress"))).toBe(true), patient);
  running.kill("SIGTERM");
  expect((await running).exitCode).toBe(0);
  expect(readFileSync(trust, "utf8")).toBe(foreign);
});

test("a corrupt state is kept as evidence and told; the node begins with its configured keys", async () => {
  const config = await writeConfig();
  mkdirSync(join(folder, "state"));
  writeFileSync(join(folder, "state/trust.json"), '{"v":1,"keys":');
  const running = agent("run", "--config", config);
  const outbox = join(folder, "state/outbox.jsonl");
  const told = "accepted documents were unreadable";
  await vi.waitFor(() => expect(readFileSync(outbox, "utf8")).toContain(told), patient);
  running.kill("SIGTERM");
  await running;
});

for (const [name, args, exitCode, message] of [
  ["no command", [], 64, "usage: chimera-agent"],
  ["an unknown option", ["run", "--confg", "x"], 64, "--confg"],
  ["a missing configuration", ["run", "--config", "/nowhere/agent.json"], 66, "/nowhere/agent.json"],
  ["a dead-man without its order", ["dead-man"], 64, "--order"],
  ["a dead-man with a wrong order", ["dead-man", "--order", "x"], 65, "--order"],
  ["a wrong node name", ["identity", "--dir", "/tmp/x", "--node", "N1"], 65, "--node"],
] as const) {
  test(`${name} ends with ${exitCode} and says what is wrong`, async () => {
    const result = await agent(...args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toContain(message);
  });
}

test("check says whether run would start, and starts nothing", async () => {
  const good = await agent("check", "--config", await writeConfig());
  expect(good).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  expect(existsSync(join(folder, "state"))).toBe(false);
  expect(existsSync(join(folder, "run"))).toBe(false);
  rmSync(join(folder, "identity/node.key"));
  const keyless = await agent("check", "--config", join(folder, "agent.json"));
  expect(keyless.exitCode).toBe(66);
  expect(keyless.stderr).toContain("node.key");
  const foreign = await agent("check", "--config", await writeConfig({ fleetId: "e".repeat(64) }));
  expect(foreign).toMatchObject({ exitCode: 65, stderr: expect.stringContaining("key set is of fleet") });
  const misspelt = await agent("check", "--config", await writeConfig({ probationSecond: 3 }));
  expect(misspelt.exitCode).toBe(78);
});

test("a misspelt configuration key ends the agent by its name", async () => {
  const config = await writeConfig({ probationSecond: 3 });
  const result = await agent("run", "--config", config);
  expect(result.exitCode).toBe(78);
  expect(result.stderr).toContain("probationSecond");
});
