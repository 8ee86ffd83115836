// SHELL. Runs on the operator's machine of a lab: somebody who lists, attaches, types and reads, and takes the time of each.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Input = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("command"), argv: z.array(z.string()).min(1), rounds: z.int().positive() }),
  z.object({ kind: z.literal("attach"), sessions: z.array(z.string()).min(1), rounds: z.int().positive() }),
  z.object({ kind: z.literal("type"), session: z.string(), keys: z.int().positive() }),
  z.object({ kind: z.literal("read"), session: z.string(), forMs: z.int().positive() }),
]);

const lateMs = 20_000;
const lineLength = 40;

function commandTimes(argv: readonly string[], rounds: number): number[] {
  const [program = "", ...args] = argv;
  return Array.from({ length: rounds + 1 }, () => {
    const begun = performance.now();
    const { status, stderr } = spawnSync(program, args, { maxBuffer: 1 << 28 });
    const ms = performance.now() - begun;
    if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}: ${stderr.toString()}`);
    return ms;
  }).slice(1);
}

interface Seat {
  program: ChildProcessWithoutNullStreams;
  /** When its terminal has shown that; forgets what was shown before. */
  shows: (wanted: string) => Promise<number>;
}

/** Somebody at a terminal of 120x30: `script` gives it. */
function sitDown(args: readonly string[]): Seat {
  const command = `stty cols 120 rows 30; exec chimera attach ${args.join(" ")}`;
  const program = spawn("script", ["-qefc", command, "/dev/null"]);
  let shown = "";
  let look: (() => void) | null = null;
  program.stdout.on("data", (bytes: Buffer) => {
    shown += bytes.toString("latin1");
    look?.();
  });
  const shows = (wanted: string): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const late = setTimeout(
      () => reject(new Error(`${command} does not show ${wanted}: ${shown.slice(-2000)}`)),
      lateMs,
    );
    look = () => {
      if (!shown.includes(wanted)) return;
      shown = "";
      clearTimeout(late);
      resolve(performance.now());
    };
    look();
    return promise;
  };
  return { program, shows };
}

async function leave({ program }: Seat): Promise<void> {
  const gone = once(program, "exit");
  program.stdin.write("\u0002d");
  await gone;
}

async function attachTimes(sessions: readonly string[], rounds: number): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const begun = performance.now();
    const seat = sitDown([sessions[round % sessions.length] ?? ""]);
    samples.push((await seat.shows("ready to be seen")) - begun);
    await leave(seat);
  }
  return samples.slice(1);
}

/** One key after the other, as somebody types: the terminal shows the line with it. */
async function echoTimes(session: string, keys: number): Promise<number[]> {
  const seat = sitDown(["-k", session]);
  await seat.shows("you hold the keyboard");
  await sleep(1000);
  const samples: number[] = [];
  for (let line = 0; samples.length < keys; line += 1) {
    let typed = "";
    for (let at = 0; at < lineLength && samples.length < keys; at += 1) {
      const key = String.fromCharCode(97 + ((line + at * 7) % 26));
      typed += key;
      const shown = seat.shows(typed);
      const begun = performance.now();
      seat.program.stdin.write(key);
      samples.push((await shown) - begun);
      await sleep(60 + ((at * 37) % 80));
    }
    seat.program.stdin.write("\r");
    await sleep(300);
    seat.shows("").catch(() => undefined);
  }
  await leave(seat);
  return samples;
}

/** Bytes a second, from the first one on. */
async function readRate(session: string, forMs: number): Promise<number[]> {
  const program = spawn("chimera", ["attach", session], { stdio: ["ignore", "pipe", "inherit"] });
  await once(program.stdout, "readable");
  const begun = performance.now();
  let bytes = 0;
  program.stdout.on("data", (piece: Buffer) => (bytes += piece.length));
  await sleep(forMs);
  const rate = bytes / ((performance.now() - begun) / 1000);
  const gone = once(program, "exit");
  program.kill("SIGKILL");
  await gone;
  return [rate];
}

const input = Input.parse(JSON.parse(await text(process.stdin)));
const found =
  input.kind === "command"
    ? commandTimes(input.argv, input.rounds)
    : input.kind === "attach"
      ? await attachTimes(input.sessions, input.rounds)
      : input.kind === "type"
        ? await echoTimes(input.session, input.keys)
        : await readRate(input.session, input.forMs);
process.stdout.write(`${JSON.stringify(found)}\n`);
