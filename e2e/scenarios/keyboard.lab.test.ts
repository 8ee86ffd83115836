// The keyboard of a session on a real node: typed into from a terminal on another machine, held by one, taken by another.
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let session: string;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1, probationSeconds: 2 });
  await deployed();
  session = `n1/exec-${(await begun()).trim()}`;
});
afterAll(() => downUnlessInUse());

async function deployed(): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, "open", { agentConfig: { allowExec: true } });
  expect(code, stdout + stderr).toBe(0);
}

/** A shell with a terminal, which nobody watches. */
function begun(): Promise<string> {
  return operatorOf(fleet.lab).ok([
    "exec",
    "--on",
    "n1",
    "-t",
    "-d",
    "--timeout",
    "1h",
    "--",
    "bash",
    "--norc",
  ]);
}

const ws = (...argv: string[]) => fleet.lab.host("ws").runChecked(argv);
const tmux = (...args: string[]) => ws("tmux", "-L", "seats", ...args);

/** Somebody at a terminal of ws. */
async function sitDown(
  name: string,
  args: readonly string[],
  size = { columns: 140, rows: 30 },
): Promise<void> {
  const words = ["-x", `${size.columns}`, "-y", `${size.rows}`, "-e", "HOME=/root"];
  const command = ["sh", "-c", 'chimera attach "$@"; echo "[left $?]"; sleep 1000', "sh", ...args];
  await tmux("new-session", "-d", "-s", name, ...words, ...command);
}

const seen = (name: string) => tmux("capture-pane", "-p", "-t", `=${name}:`);

async function until(name: string, pattern: RegExp): Promise<string> {
  let last = "";
  const look = async () => {
    last = await seen(name);
    return pattern.test(last) && last;
  };
  try {
    return await waitUntil(`${name} sees ${pattern}`, look, { timeoutMs: 60_000, everyMs: 200 });
  } catch (cause) {
    throw new Error(`${name} sees: ${last}`, { cause });
  }
}

const type = (name: string, ...keys: string[]) => tmux("send-keys", "-t", `=${name}:`, ...keys);

test("what is typed at one machine runs on the other, and the terminal has the size of whoever types", async () => {
  await sitDown("anna", ["-k", session]);
  await until("anna", /you hold the keyboard/u);
  await type("anna", "echo $((6*7)) > /root/typed; cat /root/typed", "Enter");
  await until("anna", /^42/mu);
  expect(await fleet.lab.host("n1").runChecked(["cat", "/root/typed"])).toBe("42\n");
  await type("anna", "stty size", "Enter");
  await until("anna", /^29 140/mu);
  await tmux("resize-window", "-t", "=anna:", "-x", "120", "-y", "25");
  await type("anna", "stty size", "Enter");
  await until("anna", /^24 120/mu);
});

test("Ctrl-C is for the session, and ends what runs there", async () => {
  await type("anna", "sleep 1000; echo over", "Enter");
  await type("anna", "C-c");
  await type("anna", "echo again", "Enter");
  expect(await until("anna", /^again/mu)).not.toMatch(/^over/mu);
});

test("a second one watches, gets it only with --take, and the first is told and types no more", async () => {
  const refused = await fleet.lab
    .host("ws")
    .run(["script", "-qec", `chimera attach -k ${session}`, "/dev/null"], {
      env: { HOME: "/root" },
    });
  expect(refused.code, refused.stdout).toBe(75);
  expect(refused.stdout).toMatch(/holds the keyboard until .*--take/u);
  await sitDown("bob", ["--take", session]);
  await until("bob", /you hold the keyboard, which .* had/u);
  await until("anna", /took the keyboard/u);
  await type("anna", "echo stolen > /root/stolen", "Enter");
  await type("bob", "echo mine > /root/mine", "Enter");
  await waitUntil(
    "bob's file",
    async () => (await fleet.lab.host("n1").run(["cat", "/root/mine"])).stdout === "mine\n",
    { timeoutMs: 30_000, everyMs: 200 },
  );
  expect((await fleet.lab.host("n1").run(["cat", "/root/stolen"])).code).not.toBe(0);
});

test("whoever leaves gives it back, and the session goes on", async () => {
  await type("bob", "C-b", "d");
  expect(await until("bob", /\[left 0\]/u)).toContain(`left ${session}`);
  await sitDown("carl", ["-k", session]);
  await until("carl", /you hold the keyboard/u);
  await type("carl", "exit 5", "Enter");
  await until("carl", /\[left 5\]/u);
});

test("the node has recorded it, and whoever reads that sees what was shown and who typed how much", async () => {
  const [, name = ""] = session.split("/");
  const folder = `/var/lib/chimera/sessions/${name}`;
  const n1 = fleet.lab.host("n1");
  const file = `${folder}/recording.cast`;
  expect(await n1.runChecked(["stat", "-c", "%U %a", file])).toBe("root 600\n");
  const recording = await n1.runChecked(["cat", file]);
  const { stdout, stderr } = await fleet.lab
    .host("ws")
    .run(["chimera", "record", "play", "-"], { input: recording });
  expect(stdout).toContain("cat /root/typed\r\n");
  expect(stdout).toMatch(/^29 140\r$/mu);
  expect(stdout).toContain("exit 5\r\n");
  const marks = stderr.split("\n").filter((line) => line.startsWith("chimera: keyboard"));
  expect(marks).toMatchObject([
    expect.stringMatching(/^chimera: keyboard: .+, by order [0-9a-f]{12}$/u),
    expect.stringMatching(/ typed \d\d+ bytes in all; somebody else took it$/u),
    expect.stringMatching(/^chimera: keyboard: /u),
    expect.stringMatching(/ typed \d\d+ bytes in all; its holder gave it back$/u),
    expect.stringMatching(/^chimera: keyboard: /u),
    expect.stringMatching(/ typed 7 bytes in all; the session has ended: exit code 5$/u),
  ]);
  const listed = await operatorOf(fleet.lab).ok(["sessions", "--all", "--json"]);
  expect(listed).toMatch(new RegExp(`"recordedBytes": ?${Buffer.byteLength(recording)},`, "u"));
});
