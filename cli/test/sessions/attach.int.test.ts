/** `chimera attach`, `logs` and `sessions` over a real controller and a real nats-server; nodes are killed, stopped and started. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../fixture/run-stage.ts";
import { createSessionStage, known, type SessionStage } from "./session-stage.ts";

let stage: SessionStage;
beforeAll(async () => {
  stage = await createSessionStage(["n1", "n2"]);
});
beforeEach(async () => {
  stage.node("n1").start();
  stage.node("n2").start();
  await stage.viaNats();
});
afterAll(() => stage.end());

interface Said {
  out: Buffer[];
  err: string;
  code: Promise<number>;
}

function hear(child: ChildProcess): Said {
  const said: Said = {
    out: [],
    err: "",
    code: once(child, "close").then(([code]) => (typeof code === "number" ? code : -1)),
  };
  child.stdout?.on("data", (bytes: Buffer) => said.out.push(bytes));
  child.stderr?.on("data", (bytes: Buffer) => (said.err += String(bytes)));
  return said;
}

const ended = { state: "ended", exitCode: 0, endedAt: "2026-11-30T03:00:00.000Z" } as const;
const until = async (said: Said, text: string): Promise<void> => {
  await eventually(
    async () => Promise.resolve(Buffer.concat(said.out).toString("utf8") + said.err),
    (seen) => seen.includes(text),
  );
};
const anyBytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));

describe.each(["viaNats", "viaController"] as const)("%s", (way) => {
  beforeEach(() => stage[way]());

  test("all of a log comes, then what follows, byte by byte, and the session's exit code", async () => {
    const name = `deploy-${way.toLowerCase()}`;
    const log = await stage.node("n1").log(name);
    await log.write(anyBytes);
    await known(stage, name);
    const said = hear(stage.start("attach", `n1/${name}`));
    await eventually(
      async () => Promise.resolve(Buffer.concat(said.out).length),
      (length) => length >= anyBytes.length,
    );
    await log.write("later\u001b[6n\n");
    await log.facts({ ...ended, exitCode: 7 });
    expect(await said.code).toBe(7);
    expect(Buffer.concat(said.out).equals(await readFile(log.file))).toBe(true);
  });

  test("a node that dies in the midst of it and comes back leaves no gap", async () => {
    const name = `back-${way.toLowerCase()}`;
    const log = await stage.node("n1").log(name);
    await log.write("before\n");
    await known(stage, name);
    const said = hear(stage.start("attach", `n1/${name}`));
    await until(said, "before");
    await stage.node("n1").kill();
    await log.write("while it was away\n");
    await until(said, "does not answer");
    stage.node("n1").start();
    await until(said, "while it was away");
    await log.write("after\n");
    await log.facts(ended);
    expect(await said.code).toBe(0);
    expect(Buffer.concat(said.out).toString("utf8")).toBe("before\nwhile it was away\nafter\n");
  });

  test("of a node that is gone what it left is shown, and said so; when it comes back it goes on", async () => {
    const name = `gone-${way.toLowerCase()}`;
    const log = await stage.node("n2").log(name);
    await log.write("left behind\n");
    await known(stage, name);
    await eventually(
      () => stage.call("sessions", "--json"),
      ({ out }) => out.includes('"bytes": 12'),
    );
    await stage.node("n2").kill();
    const said = hear(stage.start("attach", `n2/${name}`));
    await until(said, "waiting for it");
    expect(Buffer.concat(said.out).toString("utf8")).toBe("left behind\n");
    expect(said.err).toMatch(/n2 does not answer: this is what n2 left of it, up to 20/u);
    const logs = await stage.call("logs", `n2/${name}`);
    expect(logs).toMatchObject({ code: 70, out: "left behind\n" });
    await log.write("and on\n");
    stage.node("n2").start();
    await until(said, "and on");
    await log.facts(ended);
    expect(await said.code).toBe(0);
    expect(Buffer.concat(said.out).toString("utf8")).toBe("left behind\nand on\n");
  });
});

describe("which one is meant", () => {
  test("rollout is the one that runs, and else the newest", async () => {
    const old = { kind: "rollout", createdAt: "2026-11-29T01:00:00.000Z", ...ended, exitCode: 3 } as const;
    const first = await stage.node("n1").log("rollout-6", old);
    await first.write("six\n");
    await known(stage, "rollout-6");
    expect(await stage.call("attach", "rollout")).toMatchObject({ code: 3, out: "six\n" });
    const second = await stage.node("n2").log("rollout-7", { kind: "rollout" });
    await second.write("seven\n");
    await known(stage, "rollout-7");
    const said = hear(stage.start("attach", "rollout"));
    await until(said, "seven");
    await second.facts({ ...ended, kind: "rollout" });
    expect(await said.code).toBe(0);
  });

  test("a name that one node has is enough; of two the node is asked for", async () => {
    await (await stage.node("n1").log("only", { ...ended, exitCode: 5 })).write("mine\n");
    for (const node of ["n1", "n2"]) await stage.node(node).log("both");
    await known(stage, "only");
    await eventually(
      () => stage.call("sessions", "--json"),
      ({ out }) => out.split('"name": "both"').length === 3,
    );
    expect(await stage.call("attach", "only")).toMatchObject({ code: 5, out: "mine\n" });
    const both = await stage.call("logs", "both");
    expect(both).toMatchObject({ code: 64, err: expect.stringMatching(/n1\/both, n2\/both/u) });
    expect(await stage.call("attach", "nobody")).toMatchObject({ code: 66 });
    expect(await stage.call("attach", "n1/nobody")).toMatchObject({
      code: 66,
      err: expect.stringContaining("there is no session nobody"),
    });
    const which = await stage.call("attach");
    expect(which).toMatchObject({ code: 64, err: expect.stringContaining("n1/both") });
    for (const name of ["n1/a:b", "n1/a.b", "n1/a;b", "n1/a\nb", `n1/${"a".repeat(300)}`, "n1/*", "*/both"])
      expect(await stage.call("attach", name)).toMatchObject({ code: 64 });
  });
});

test("logs has all of it, or its last lines, or goes on until the end", async () => {
  const log = await stage.node("n1").log("lines");
  const long = `${"x".repeat(3000)}\n`.repeat(100);
  await log.write(`one\n${long}two\nthree\n`);
  await known(stage, "lines");
  expect((await stage.call("logs", "n1/lines")).out).toBe(`one\n${long}two\nthree\n`);
  expect((await stage.call("logs", "-n", "2", "n1/lines")).out).toBe("two\nthree\n");
  expect((await stage.call("logs", "--tail", "102", "n1/lines")).out).toBe(`${long}two\nthree\n`);
  expect((await stage.call("logs", "--tail", "0", "n1/lines")).out).toBe("");
  const said = hear(stage.start("logs", "-f", "--tail", "1", "n1/lines"));
  await until(said, "three");
  await log.write("four\n");
  await log.facts({ ...ended, exitCode: 9 });
  expect(await said.code).toBe(0);
  expect(Buffer.concat(said.out).toString("utf8")).toBe("three\nfour\n");
});

test("who is killed or reads nothing keeps nobody from anything, and a reader that goes away ends it", async () => {
  const log = await stage.node("n1").log("crowd");
  await log.write("begin\n");
  await known(stage, "crowd");
  const [killed, slow, gone, whole] = [1, 2, 3, 4].map(() => stage.start("attach", "n1/crowd"));
  const said = hear(whole ?? stage.start());
  slow?.stdout?.pause();
  gone?.stdout?.once("data", () => gone.stdout?.destroy());
  await until(said, "begin");
  killed?.kill("SIGKILL");
  const piece = Buffer.alloc(1 << 20, "0123456789abcdef\n");
  for (let round = 0; round < 12; round += 1) await log.write(piece);
  await log.facts(ended);
  expect(await said.code).toBe(0);
  expect(Buffer.concat(said.out).equals(await readFile(log.file))).toBe(true);
  await eventually(
    async () => Promise.resolve(gone?.exitCode),
    (code) => code === 0,
  );
  slow?.kill("SIGKILL");
});

test("on the node itself root needs neither NATS nor controller", async () => {
  const log = await stage.node("n1").log("here");
  await log.write(anyBytes);
  await known(stage, "here");
  const socket = join(stage.home, "node-n1/sessions.sock");
  const listed = await stage.call("sessions", "--json", "--socket", socket);
  expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('"name": "here"') });
  const said = hear(stage.start("attach", "--socket", socket, "here"));
  await eventually(
    async () => Promise.resolve(Buffer.concat(said.out).length),
    (length) => length >= anyBytes.length,
  );
  await stage.node("n1").kill();
  await log.write("while no agent was there\n");
  await until(said, "trying again");
  stage.node("n1").start();
  await until(said, "while no agent was there");
  await log.facts({ ...ended, exitCode: 6 });
  expect(await said.code).toBe(6);
  expect(Buffer.concat(said.out).equals(await readFile(log.file))).toBe(true);
  for (const command of ["attach", "logs"]) {
    const other = await stage.call(command, "--socket", socket, "web-9/here");
    expect(other).toMatchObject({
      code: 64,
      out: "",
      err: expect.stringContaining("web-9 is not this node"),
    });
  }
  const nobody = await stage.call("attach", "--socket", join(stage.home, "none.sock"), "here");
  expect(nobody).toMatchObject({ code: 69, err: expect.stringContaining("no agent answers") });
});
