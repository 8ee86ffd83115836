/** Keys in the real ssh-agent, made by the real ssh-keygen: what is signed there counts, what cannot be is said. */
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  generateKey,
  parseSecretKey,
  publicKeyBytes,
  PublicKeyText,
  verifyWith,
} from "@chimera/proto/signed/keys";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentSigners } from "../src/signers/agent-signers.ts";
import { askAgent } from "../src/signers/ask-agent.ts";
import { keyBlob, sshString } from "../src/signers/ssh-wire.ts";
import { createOperator, testIo, type TestOperator } from "./fixture/operator.ts";
import { seedHead } from "./fixture/seed-head.ts";

let operator: TestOperator;
let folder: string;
let socket: string;
let agent: { pid: number | undefined; stop(): Promise<void> };
let alice: PublicKeyText;

beforeAll(async () => {
  operator = await createOperator();
  folder = await mkdtemp(join(tmpdir(), "chimera-ssh-"));
  socket = join(folder, "agent.sock");
  agent = await startAgent();
  await execa("ssh-keygen", [
    "-q",
    "-t",
    "ed25519",
    "-N",
    "",
    "-C",
    "alice@desk",
    "-f",
    join(folder, "alice"),
  ]);
  await execa("ssh-add", ["-q", join(folder, "alice")], { env: { SSH_AUTH_SOCK: socket } });
  const { out } = await operator.call(["keys", "from-ssh", join(folder, "alice.pub"), "--name", "alice"]);
  alice = PublicKeyText.parse(out.trim());
});
afterAll(async () => {
  await agent.stop();
  await operator.close();
  await rm(folder, { recursive: true, force: true });
});

async function startAgent() {
  const child = execa("ssh-agent", ["-D", "-a", socket], { reject: false });
  await once(child.stdout, "data");
  return {
    pid: child.pid,
    stop: async () => {
      child.kill();
      await child;
    },
  };
}

function agentIo(path = socket) {
  return testIo(operator.home, { env: { HOME: operator.home, SSH_AUTH_SOCK: path } }).io;
}

function call(args: readonly string[], path = socket) {
  return operator.call(args, { env: { HOME: operator.home, SSH_AUTH_SOCK: path } });
}

async function withAgentKey(key: string): Promise<void> {
  const text = await readFile(operator.configFile, "utf8");
  const bare = text.replaceAll(/^(?:publishKeyFile|agentKeys).*\n/gmu, "");
  await writeFile(operator.configFile, bare.replace(/^(fleetId.*)$/mu, `$1\nagentKeys = ["${key}"]`));
}

test("what the agent signs verifies with the key that ssh-keygen made", async () => {
  const [signer] = await agentSigners(agentIo(), [alice]);
  const bytes = Buffer.from("a document");
  const signature = await signer?.sign(bytes);
  expect(signature && verifyWith(alice, bytes, signature)).toBe(true);
});

test("a head is signed by the agent alone, and the list of keys says where the key is", async () => {
  const root = ["--root-key", join(operator.folder, "root.key")];
  expect((await call(["keys", "add", "--role", "publish", alice, ...root])).code).toBe(0);
  await seedHead(operator, ["n1"], "one");
  await seedHead(operator, ["n1"], "two");
  await withAgentKey(alice);
  const { code, err } = await call(["rollback", "--no-follow"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(operator.server.heads[0]).toMatchObject({ signedBy: ["alice"], head: { serial: 3 } });
  expect((await call(["keys", "list"])).out).toMatch(/ssh-agent +alice:/u);
});

test("a key that the agent does not hold is no key at hand", async () => {
  await execa("ssh-add", ["-q", "-d", join(folder, "alice")], { env: { SSH_AUTH_SOCK: socket } });
  const { code, err } = await call(["rollback", "--no-follow"]);
  await execa("ssh-add", ["-q", join(folder, "alice")], { env: { SSH_AUTH_SOCK: socket } });
  expect({ code, err }).toEqual({ code: 78, err: expect.stringMatching(/no key for the role publish/u) });
});

test("no agent at all and a socket of nobody are told apart", async () => {
  expect(await call(["rollback"], "")).toMatchObject({
    code: 78,
    err: expect.stringMatching(/SSH_AUTH_SOCK/u),
  });
  const gone = join(folder, "gone.sock");
  expect(await call(["rollback"], gone)).toMatchObject({
    code: 70,
    err: expect.stringMatching(/gone\.sock.*ENOENT/u),
  });
});

test("an agent that answers nonsense, or a huge length, is refused and not waited for", async () => {
  for (const answer of [
    Buffer.from([0x7f, 0xff, 0xff, 0xff, 12]),
    Buffer.from([0, 0, 0, 6, 12, 0, 0, 0, 9, 1]),
  ]) {
    const path = join(folder, `bad-${answer.length}.sock`);
    const server = createServer((connection) => connection.end(answer)).listen(path);
    await once(server, "listening");
    expect(await call(["rollback"], path)).toMatchObject({ code: expect.toBeOneOf([65, 70]) });
    server.close();
  }
});

/** An agent of ours, which answers the questions one after the other. */
async function badAgent(name: string, answers: (connection: Socket, asked: number) => void): Promise<string> {
  const path = join(folder, `${name}.sock`);
  let asked = 0;
  const server = createServer((connection) => {
    connection.on("error", () => undefined).once("data", () => answers(connection, asked++));
  });
  server.unref().listen(path);
  await once(server, "listening");
  return path;
}

function message(type: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([type]), ...parts]);
  return sshString(body);
}

const listOfAlice = () =>
  message(12, Buffer.from([0, 0, 0, 1]), sshString(keyBlob(publicKeyBytes(alice))), sshString("alice"));

test("an answer in many pieces is put together", async () => {
  const path = await badAgent("pieces", (connection) => {
    for (const byte of listOfAlice()) connection.write(Buffer.from([byte]));
  });
  expect(await agentSigners(agentIo(path), [alice])).toHaveLength(1);
});

test("an agent that says nothing is waited for as long as was meant, and no longer", async () => {
  const path = await badAgent("silent", () => undefined);
  const question = { type: 11, body: Buffer.alloc(0), patienceMs: 50 };
  await expect(askAgent(agentIo(path), question)).rejects.toMatchObject({ code: "deadline-exceeded" });
});

test("a signature of other bytes, or by another key, is not used", async () => {
  const thief = parseSecretKey(generateKey("thief").secret);
  const wrong = sshString(
    Buffer.concat([sshString("ssh-ed25519"), sshString(thief.sign(Buffer.from("a document")))]),
  );
  const path = await badAgent("wrong", (connection, asked) =>
    connection.end(asked === 0 ? listOfAlice() : message(14, wrong)),
  );
  const [signer] = await agentSigners(agentIo(path), [alice]);
  await expect(signer?.sign(Buffer.from("a document"))).rejects.toMatchObject({ code: "signature-invalid" });
});

test("a FIDO key is refused with the reason, any other type by name, a private key as no public one", async () => {
  await writeFile(join(folder, "sk.pub"), skLine());
  expect(await call(["keys", "from-ssh", join(folder, "sk.pub"), "--name", "sk"])).toMatchObject({
    code: 65,
    err: expect.stringMatching(/FIDO key signs a counter/u),
  });
  await execa("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", join(folder, "ec")]);
  expect(await call(["keys", "from-ssh", join(folder, "ec.pub"), "--name", "ec"])).toMatchObject({
    code: 65,
    err: expect.stringMatching(/ecdsa-sha2-nistp256" where ssh-ed25519 is due/u),
  });
  expect(await call(["keys", "from-ssh", join(folder, "alice"), "--name", "a"])).toMatchObject({ code: 65 });
});

/** sk-ssh-ed25519@openssh.com: type, key, application. */
function skLine(): string {
  const type = "sk-ssh-ed25519@openssh.com";
  const blob = Buffer.concat([sshString(type), sshString(Buffer.alloc(32, 7)), sshString("ssh:")]);
  return `${type} ${blob.toString("base64")} alice@desk\n`;
}
