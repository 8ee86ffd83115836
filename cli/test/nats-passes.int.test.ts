/** `chimera nats` against a real nats-server: who gets in with which pass, and every kind of key exchanged while others stay connected. */
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { issuerRoles, type IssuerRole } from "@chimera/proto/nats/issuers";
import { readPass } from "@chimera/proto/nats/pass";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { subjects } from "@chimera/proto/subjects";
import { execa } from "execa";
import { Events, type NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readOperatorCredentials } from "../src/nats/credentials.ts";
import { openNatsLink } from "../src/nats/connection.ts";
import { startNatsByPasses, type NatsByPasses } from "./fixture/nats-by-passes.ts";
import { natsServerPath } from "./fixture/nix-on-path.ts";
import { createOperator, type TestOperator } from "./fixture/operator.ts";

const patient = { timeout: 15_000, interval: 50 };
let operator: TestOperator;
let dir: string;
let nats: NatsByPasses;
/** Of somebody who is no part of what is tried: it must not be cut by any of it. */
let bystander: NatsConnection;

beforeAll(async () => {
  operator = await createOperator();
  const init = await operator.call(["nats", "init"]);
  if (init.code !== 0) throw new Error(init.err);
  dir = join(operator.home, ".config/chimera/keys/lab/nats");
  nats = await startNatsByPasses(operator, dir);
});
afterAll(async () => {
  await nats.stop();
  await operator.close();
});

async function makePass(role: IssuerRole, name: string, nkey: string): Promise<string> {
  return (await nats.chimera("pass", "--role", role, "--name", name, "--nkey", nkey)).trim();
}

async function somebody(role: IssuerRole, name = "n1") {
  const { seed, publicKey } = generateNkey();
  const pass = await makePass(role, name, publicKey);
  return { nkey: publicKey, seed, pass: () => pass };
}

const next = () => delay(1_100);

test("is taken by nats-server as it is printed, with synced data, and nobody is anonymous", async () => {
  const { exitCode, all } = await execa(natsServerPath(), ["-t", "-c", nats.file], {
    reject: false,
    all: true,
  });
  expect(exitCode, all).toBe(0);
  const text = await readFile(nats.file, "utf8");
  expect(text).toContain('"sync_interval": "always"');
  expect(text).not.toMatch(/no_auth_user|nkey:/);
});

test("makes seeds that nobody else can read, and keeps none that could make a user of any kind", async () => {
  const seeds = (await readdir(dir)).filter((name) => name.endsWith(".seed"));
  expect(seeds).toHaveLength(6);
  const shown = JSON.parse(await nats.chimera("show", "--json"));
  for (const name of seeds) {
    expect((await stat(join(dir, name))).mode & 0o777, name).toBe(0o600);
    const { publicKey } = parseNkeySeed(
      await readFile(join(dir, name), "utf8"),
      name === "root.seed" ? "operator" : "account",
    );
    expect([shown.account, shown.system.account], name).not.toContain(publicKey);
  }
});

test("chimera init makes them with the fleet, where that is asked for", async () => {
  const made = await operator.call([
    "init",
    "--name",
    "two",
    "--controller",
    "http://127.0.0.1:9",
    "--nats",
    "passes",
    "--json",
  ]);
  expect(made.code, made.err).toBe(0);
  const { fleetId, natsFolder } = JSON.parse(made.out);
  const { out } = await operator.call(["nats", "show", "--dir", natsFolder, "--json"]);
  expect(JSON.parse(out).fleetId).toBe(fleetId);
  await operator.call(["context", "use", "lab"]);
});

test("a pass lets in whom it names, for as long as its role has them, and to what the role may do", async () => {
  const anna = await somebody("operator", "anna");
  const link = await nats.enter(anna);
  const heard: string[] = [];
  link.subscribe(subjects.all.acks(operator.fleetId), {
    callback: (error) => heard.push(error?.message ?? "message"),
  });
  link.subscribe(">", { callback: (error) => heard.push(error?.message ?? "message") });
  await vi.waitFor(() => expect(heard).toEqual([expect.stringContaining("Permissions Violation")]), patient);
  const { iat, exp, name } = readPass(anna.pass());
  expect({ name, days: (exp - iat) / 86_400 }).toEqual({ name: "anna", days: 90 });
});

test("a context's pass is taken where it is the operator's and lasts; another is told before anybody is asked", async () => {
  const { seed, nkey, pass } = await somebody("operator", "anna");
  const [natsSeedFile, natsPassFile] = [join(operator.home, "anna.seed"), join(operator.home, "anna.pass")];
  await writeFile(natsSeedFile, seed, { mode: 0o600 });
  await writeFile(natsPassFile, pass());
  const own = await readOperatorCredentials({ natsSeedFile, natsPassFile }, Date.now());
  const link = await openNatsLink({ servers: [nats.url], ...own });
  link.publish(subjects.cmd(operator.fleetId, "n1"), "x");
  await link.flush();
  await link.close();
  const late = Date.now() + 91 * 86_400_000;
  await expect(readOperatorCredentials({ natsSeedFile, natsPassFile }, late)).rejects.toThrow(
    /was a pass until/,
  );
  await writeFile(natsPassFile, (await somebody("operator", "bob")).pass());
  await expect(readOperatorCredentials({ natsSeedFile, natsPassFile }, Date.now())).rejects.toThrow(
    `is that of ${nkey}`,
  );
  // Without one the server does not know who it is.
  await expect(openNatsLink({ servers: [nats.url], nkey: own.nkey })).rejects.toThrow(
    /natsPassFile, where it knows passes/,
  );
});

test.each([
  [["pass", "--role", "node", "--name", "*", "--nkey", `U${"A".repeat(55)}`], /--name: a node name has/],
  [
    ["pass", "--role", "node", "--name", "controller", "--nkey", `U${"A".repeat(55)}`],
    /"controller" is the controller's/,
  ],
  [["pass", "--role", "node", "--name", "n1", "--nkey", `A${"A".repeat(55)}`], /--nkey: an nkey of a user/],
  [
    ["pass", "--role", "node", "--name", "n1", "--nkey", `U${"A".repeat(55)}`, "--days", "401"],
    /at most 400 days/,
  ],
  [["drop", "--issuer", "lead"], /there is one issuer for the role lead/],
])("refuses %j", async (args, message) => {
  await expect(nats.chimera(...args)).rejects.toThrow(message);
});

test("whoever is revoked is cut at once and stays out, also after a restart with the older configuration; others notice nothing", async () => {
  const [eve, other] = [await somebody("node", "n1"), await somebody("node", "n2")];
  const [link, beside] = [await nats.enter(eve), await nats.enter(other)];
  await next();
  await nats.chimera("revoke", "--nkey", eve.nkey);
  expect(link.isClosed()).toBe(false);
  await nats.chimera("push");
  await link.closed();
  await expect(nats.enter(eve)).rejects.toThrow(/Authorization Violation/);
  await beside.flush();
  // The text that the server begins with knows nothing of it.
  const account = (await readFile(join(dir, "account.jwt"), "utf8")).trim();
  expect(await readFile(nats.file, "utf8")).not.toContain(account);
  await nats.restart();
  await vi.waitFor(() => expect(nats.enter(eve)).rejects.toThrow(/Authorization Violation/), patient);
  expect(await nats.chimera("show")).toContain(eve.nkey);
  await next();
  const pass = await makePass("node", "n1", eve.nkey);
  await (await nats.enter({ ...eve, pass: () => pass })).flush();
});

test.each(issuerRoles)(
  "the issuer of a %s is exchanged: both count until the older one is dropped, whose users are cut",
  async (role) => {
    const name = role === "node" ? "n1" : "x1";
    const old = await somebody(role, name);
    const before = await nats.enter(old);
    bystander = await nats.enter(await somebody(role === "node" ? "lead" : "node", "n9"));
    expect(await nats.chimera("rotate", "--issuer", role)).toContain(`chimera nats drop --issuer ${role}`);
    await expect(nats.chimera("rotate", "--issuer", role)).rejects.toThrow(/is still there/);
    const young = await somebody(role, name);
    await expect(nats.enter(young)).rejects.toThrow(/Authorization Violation/);
    await nats.chimera("push");
    const after = await nats.enter(young);
    await before.flush();
    await nats.chimera("drop", "--issuer", role);
    await nats.chimera("push");
    await before.closed();
    await expect(nats.enter(old)).rejects.toThrow(/Authorization Violation/);
    for (const link of [after, bystander]) await link.flush();
  },
);

test("the system account's issuer is exchanged by itself", async () => {
  bystander = await nats.enter(await somebody("node", "n9"));
  await nats.chimera("rotate", "--issuer", "system");
  // With the older one: the server knows no other yet.
  await nats.chimera("push");
  await nats.chimera("push");
  const old = await readFile(join(dir, "system-issuer.old.seed"), "utf8");
  await nats.chimera("drop", "--issuer", "system");
  await nats.chimera("push");
  const used = join(dir, "system-issuer.seed");
  const young = await readFile(used, "utf8");
  await writeFile(used, old, { mode: 0o600 });
  await expect(nats.chimera("push")).rejects.toThrow(/does not know/);
  await writeFile(used, young, { mode: 0o600 });
  await nats.chimera("push");
  await bystander.flush();
});

test("the root is exchanged with a restart of nats-server: whoever is connected comes back with the pass they have", async () => {
  const staying = await nats.enter(await somebody("node", "n1"), true);
  let returns = 0;
  const follow = async () => {
    for await (const { type } of staying.status()) if (type === Events.Reconnect) returns += 1;
  };
  void follow();
  const oldRoot = await readFile(join(dir, "root.seed"), "utf8");
  await next();
  expect(await nats.chimera("rotate", "--issuer", "root")).toContain("only when it starts");
  await nats.writeConfig();
  await nats.restart();
  await vi.waitFor(() => expect(returns).toBe(1), patient);
  await staying.flush();
  await nats.chimera("push");
  await nats.chimera("drop", "--issuer", "root");
  expect(await readdir(dir)).not.toContain("root.old.seed");
  // Whoever stole the old one signs nothing any more.
  const stolen = join(operator.home, "stolen.seed");
  await writeFile(stolen, oldRoot, { mode: 0o600 });
  await expect(nats.chimera("sign", "--root-seed", stolen)).rejects.toThrow(/that root seed is of/);
});

test("a root seed that is kept away is named where it is needed, and only there", async () => {
  const away = join(operator.home, "stick.seed");
  await writeFile(away, await readFile(join(dir, "root.seed"), "utf8"), { mode: 0o600 });
  const kept = await readFile(join(dir, "root.seed"), "utf8");
  await rm(join(dir, "root.seed"));
  await somebody("node");
  await expect(nats.chimera("sign")).rejects.toThrow(/root\.seed/);
  await nats.chimera("sign", "--root-seed", away);
  await nats.chimera("push");
  await writeFile(join(dir, "root.seed"), kept, { mode: 0o600 });
});

test("an account that another root signed is not handed over", async () => {
  const file = join(dir, "account.jwt");
  const own = await readFile(file, "utf8");
  const other = await readFile(join(operator.home, ".config/chimera/keys/two/nats/account.jwt"), "utf8");
  await writeFile(file, other);
  await expect(nats.chimera("push")).rejects.toThrow(/is signed by O/);
  await writeFile(file, own);
});
