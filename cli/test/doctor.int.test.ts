/** `chimera doctor` against a real controller, a real nats-server and a real TLS server; nodes of a whole fleet: e2e/scenarios/doctor.lab.test.ts. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer as createHttps } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { freePort } from "./fixture/dev-controller.ts";
import { natsServerPath } from "./fixture/nix-on-path.ts";
import { startDevFleet, type DevFleet } from "./fixture/dev-fleet.ts";

let fleet: DevFleet;
beforeAll(async () => {
  fleet = await startDevFleet([]);
});
afterAll(() => fleet.close());

const Found = z.object({
  role: z.string(),
  check: z.string(),
  level: z.string(),
  what: z.string(),
  where: z.string(),
  why: z.string().nullable(),
  mend: z.string().nullable(),
});
const Answer = z.object({ ok: z.boolean(), findings: z.array(Found) });

async function doctor(...args: string[]) {
  const { code, out } = await fleet.chimera("doctor", "--json", ...args);
  const { ok, findings } = Answer.parse(JSON.parse(out));
  return {
    code,
    ok,
    findings,
    wrong: findings.filter(({ level }) => level === "fail").map(({ check }) => check),
  };
}

const config = () => join(fleet.dir, "controller.json");
const controller = () => ["controller", "--controller-config", config()];

test("the machine of a controller: what answers is well, what is not there says so", async () => {
  const { code, findings, wrong } = await doctor(...controller());
  const levels = Object.fromEntries(findings.map(({ check, level }) => [check, level]));
  expect(levels).toMatchObject({
    configuration: "ok",
    nats: "ok",
    controller: "ok",
    "secret-file": "ok",
    "fresh-key": "ok",
  });
  expect(levels).toMatchObject({ tokens: "warn", "jetstream-sync": "ok" });
  // It is a process of this test, and no unit.
  expect(wrong.filter((check) => check !== "unit")).toEqual([]);
  expect(code).toBe(wrong.length === 0 ? 0 : 1);
});

test("what is broken there is found: a readable token file, a broken one, a wrong configuration", async () => {
  const tokens = join(fleet.dir, "tokens.json");
  await chmod(tokens, 0o644);
  expect((await doctor(...controller())).wrong).toContain("secret-file");
  await chmod(tokens, 0o600);
  const good = await readFile(tokens, "utf8");
  await writeFile(tokens, "{");
  expect((await doctor(...controller())).wrong).toContain("tokens");
  await writeFile(tokens, good);
  const wrong = join(fleet.home, "wrong.json");
  await writeFile(wrong, '{"nats": 1}');
  const { findings, code } = await doctor("controller", "--controller-config", wrong);
  expect(code).toBe(1);
  expect(findings.find(({ check }) => check === "configuration")?.what).toContain("nats: ");
});

test("an operator's machine: the controller answers, is of this version, and its clock is ours; a wrong token is told", async () => {
  const { findings } = await doctor("operator");
  const ok = findings.filter(({ level }) => level === "ok").map(({ check }) => check);
  expect(ok).toEqual(expect.arrayContaining(["context", "secret-file", "controller", "clock"]));
  expect(findings.map(({ check }) => check)).toContain("version");
  const rootKey = findings.find(({ check }) => check === "root-key");
  expect(rootKey).toMatchObject({ level: "warn", why: expect.any(String), mend: expect.any(String) });
  const file = join(fleet.home, ".config/chimera/config.toml");
  const good = await readFile(file, "utf8");
  const token = join(fleet.home, "wrong.token");
  await writeFile(token, "chimera_wrong_0123456789\n", { mode: 0o600 });
  await writeFile(file, good.replace(/^tokenFile.*$/mu, `tokenFile = "${token}"`));
  const refused = await doctor("operator");
  expect(refused.findings.find(({ check }) => check === "controller")?.what).toContain("401");
  await writeFile(file, good);
});

test("in a pipe it is plain lines, each with why and mend, and without a word it looks what the machine is", async () => {
  const { out, code } = await fleet.chimera("doctor");
  expect(out).toMatch(/^ok {4}operator {2}/mu);
  expect(out).toMatch(/^ {6}why: {2}\S/mu);
  expect(out.split("\n").at(-1)).toMatch(/^\d+ ok, \d+ to look at, \d+ wrong$/u);
  expect(out).not.toContain("\u001b");
  expect([0, 1]).toContain(code);
  expect((await fleet.chimera("doctor", "moon")).code).toBe(64);
});

test("a node's configuration that leads nowhere: what does not answer is named with its reason", async () => {
  const silent = createServer((socket) => socket.write("SSH-2.0-somebody\r\n")).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = z.object({ port: z.number() }).parse(silent.address());
  const key = join(fleet.home, "node.key");
  await writeFile(key, "x", { mode: 0o644 });
  const agent = join(fleet.home, "agent.json");
  await writeFile(
    agent,
    JSON.stringify({
      nats: { servers: [`nats://127.0.0.1:${port}`, `nats://127.0.0.1:${await freePort()}`], seedFile: key },
      controller: { url: `http://127.0.0.1:${await freePort()}`, tokenFile: join(fleet.home, "none") },
      nodeKeyFile: key,
      stateDir: join(fleet.home, "state"),
      runtimeDir: join(fleet.home, "run"),
    }),
  );
  const { findings, code } = await doctor("node", "--agent-config", agent);
  silent.close();
  const said = findings.map(({ check, what }) => `${check}: ${what}`);
  expect(code).toBe(1);
  expect(said).toEqual(
    expect.arrayContaining([
      "nats: NATS does not answer: what answers there is no nats-server",
      expect.stringMatching(/^nats: NATS does not answer: connect ECONNREFUSED/u),
      expect.stringMatching(/^controller: the controller does not answer: connect ECONNREFUSED/u),
      "secret-file: others may read the nkey seed: its mode is 0644",
      "secret-file: the token is not there",
    ]),
  );
});

test("a nats-server with TLS is told as that, with the end of its certificate; one that syncs now and then is wrong", async () => {
  const [key, cert] = await makeCertificate("nats", 90);
  const port = await freePort();
  const conf = join(fleet.home, "tls.conf");
  const lines = [`listen: 127.0.0.1:${port}`, `tls { cert_file: "${cert}", key_file: "${key}" }`];
  await writeFile(
    conf,
    [...lines, `jetstream { store_dir: "${join(fleet.home, "tls-store")}" }`, ""].join("\n"),
  );
  const stop = new AbortController();
  const options = { reject: false, cancelSignal: stop.signal } as const;
  const server = execa(natsServerPath(), ["-c", conf], options);
  const file = join(fleet.home, "tls.json");
  const nats = { servers: [`tls://127.0.0.1:${port}`], seedFile: join(fleet.dir, "keys/controller.seed") };
  const own: object = JSON.parse(await readFile(config(), "utf8"));
  await writeFile(file, JSON.stringify({ ...own, nats }));
  await vi.waitFor(
    async () => {
      const { findings, wrong } = await doctor("controller", "--controller-config", file);
      const said = findings.map(({ check, what }) => `${check}: ${what}`);
      expect(said).toContainEqual(
        expect.stringMatching(/^nats: nats-server 2\..* answers, with JetStream and TLS$/u),
      );
      expect(said).toContainEqual(
        expect.stringMatching(/^certificate: its certificate counts (89|90) days more$/u),
      );
      expect(wrong).toContain("jetstream-sync");
    },
    { timeout: 20_000, interval: 500 },
  );
  stop.abort();
  await server;
});

async function makeCertificate(name: string, days: number): Promise<[string, string]> {
  const [key, cert] = [join(fleet.home, `${name}.key`), join(fleet.home, `${name}.crt`)];
  const subject = ["-subj", "/CN=127.0.0.1", "-days", String(days), "-keyout", key, "-out", cert];
  await execa("openssl", ["req", "-x509", "-newkey", "ed25519", "-nodes", ...subject]);
  return [key, cert];
}

test("the end of a controller's certificate is read from it, and no token goes to whom nobody vouches for", async () => {
  const [key, cert] = await makeCertificate("tls", 10);
  const asked: string[] = [];
  const server = createHttps(
    { key: await readFile(key), cert: await readFile(cert) },
    (request, response) => {
      asked.push(request.headers.authorization ?? "");
      response.end("{}");
    },
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const file = join(fleet.home, ".config/chimera/config.toml");
  const good = await readFile(file, "utf8");
  await writeFile(file, good.replace(/^controller.*$/mu, `controller = "https://127.0.0.1:${port}"`));
  const { findings, wrong } = await doctor("operator");
  await writeFile(file, good);
  server.close();
  expect(findings.find(({ check }) => check === "certificate")?.what).toMatch(
    /^its certificate ends in (9|10) days$/u,
  );
  expect(wrong).toContain("controller");
  expect(asked).toEqual([]);
});
