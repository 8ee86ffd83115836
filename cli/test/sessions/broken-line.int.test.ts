/** Output of sessions over a line that is slow and breaks in the midst of it: the agent's own socket, through whoever cuts it. */
import { readFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { pipeline, Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, main } from "../fixture/run-stage.ts";
import { createSessionStage, known, type SessionStage } from "./session-stage.ts";

let stage: SessionStage;
let lines: Server[] = [];
beforeAll(async () => {
  stage = await createSessionStage(["n1"]);
  stage.node("n1").start();
});
afterEach(() => {
  for (const line of lines) line.close();
  lines = [];
});
afterAll(() => stage.end());

interface Line {
  socket: string;
  /** So often it was cut. */
  cuts: () => number;
}

/** Cut by `cutBytes` that came from the node, the first `mostCuts` times; each piece is `pauseMs` late. */
async function openLine(
  name: string,
  { cutBytes, mostCuts, pauseMs }: { cutBytes: number; mostCuts: number; pauseMs: number },
): Promise<Line> {
  const path = join(stage.home, `${name}.sock`);
  let cuts = 0;
  const serve = (near: Socket): void => {
    const far = connect(join(stage.home, "node-n1/sessions.sock"));
    let passed = 0;
    const late = new Transform({
      transform(piece: Buffer, _, done) {
        passed += piece.length;
        const isCut = passed > cutBytes && cuts < mostCuts;
        if (isCut) cuts += 1;
        if (isCut) near.destroy();
        else setTimeout(done, pauseMs, null, piece);
      },
    });
    pipeline(near, far, () => far.destroy());
    pipeline(far, late, near, () => far.destroy());
  };
  const server = createServer(serve);
  lines.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, resolve);
  await promise;
  return { socket: path, cuts: () => cuts };
}

const ended = { state: "ended", exitCode: 3, endedAt: "2026-11-30T03:00:00.000Z" } as const;
/** No two lines of it are the same. */
const numbered = (from: number, lineCount: number): string =>
  Array.from({ length: lineCount }, (_, index) => `${String(from + index).padStart(31, "0")}\n`).join("");

async function bytesOf(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
    env: stage.env,
    extendEnv: false,
    reject: false,
    encoding: "buffer",
    stripFinalNewline: false,
    maxBuffer: 256 << 20,
  });
  return { code: exitCode, out: Buffer.from(stdout), err: Buffer.from(stderr).toString("utf8") };
}

test.each(["attach", "logs"])(
  "%s has all of a log that has ended, over a slow line that breaks",
  async (command) => {
    const log = await stage.node("n1").log(`slow-${command}`, { kind: "run", ...ended });
    await log.write(numbered(0, 9_000));
    await known(stage, `slow-${command}`);
    const { socket, cuts } = await openLine(command, { cutBytes: 150_000, mostCuts: 1, pauseMs: 900 });
    const said = await bytesOf(command, "--socket", socket, `slow-${command}`);
    expect({ code: said.code, cuts: cuts() }).toEqual({ code: command === "attach" ? 3 : 0, cuts: 1 });
    expect(said.out.equals(await readFile(log.file))).toBe(true);
  },
);

test("a log of 26 MB that is written while it is watched comes byte by byte over a line that breaks ten times", async () => {
  const log = await stage.node("n1").log("flood", { kind: "run" });
  await log.write(numbered(0, 1_000));
  await known(stage, "flood");
  const { socket, cuts } = await openLine("flood", { cutBytes: 2_000_000, mostCuts: 10, pauseMs: 0 });
  const watching = bytesOf("attach", "--socket", socket, "flood");
  const lineCount = 16_000;
  for (let round = 0; round < 51; round += 1) {
    await log.write(numbered(1_000 + round * lineCount, lineCount));
    await sleep(50);
  }
  await eventually(
    () => Promise.resolve(cuts()),
    (count) => count > 2,
  );
  await log.facts(ended);
  const said = await watching;
  const written = await readFile(log.file);
  expect(written.length).toBeGreaterThan(26_000_000);
  expect({ code: said.code, cuts: cuts(), bytes: said.out.length }).toEqual({
    code: 3,
    cuts: 10,
    bytes: written.length,
  });
  expect(said.out.equals(written)).toBe(true);
});
