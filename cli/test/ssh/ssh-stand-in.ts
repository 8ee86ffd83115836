/**
 * SHELL. For tests: an operator's home without a controller, and a program named `ssh` that answers as nodes would. The real one is
 * in the lab; here nodes say what no real one says.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { answerMark, Delivery, type NodeReport } from "@chimera/proto/delivery";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { execa } from "execa";
import { quietLocalStatus } from "../fixture/quiet-local-status.ts";

const program = resolve(import.meta.dirname, "../../src/main.ts");

/** What a node's program says, by its command. */
export interface Said {
  out?: string;
  err?: string;
  code?: number;
  /** Never ends by itself, and says nothing. */
  hangs?: true;
}
export type NodePlan = Partial<Record<"report" | "deliver" | "follow", Said>>;

export interface Copies {
  fleetId: string;
  keySet: Envelope;
  head: { serial: number; envelope: Envelope; leaves: readonly Leaf[] };
  ready: Envelope;
}

export type StandIn = Awaited<ReturnType<typeof createStandIn>>;

export async function createStandIn(copies: Copies) {
  const home = await mkdtemp(join(tmpdir(), "chimera-ssh-"));
  const [bin, plans] = [join(home, "bin"), join(home, "plans")];
  await mkdir(bin);
  await mkdir(plans);
  await writeFile(join(bin, "ssh"), standIn(plans), { mode: 0o755 });
  await writeContext(home, copies.fleetId);
  await writeCopies(home, copies);
  return {
    home,
    plan: (host: string, plan: NodePlan) => writeFile(join(plans, `${host}.json`), JSON.stringify(plan)),
    /** The options and words of every start. */
    calls: async () => (await readFile(join(plans, "calls"), "utf8")).trim().split("\n"),
    /** What the node was brought. */
    bundle: async (host: string) =>
      Delivery.parse(JSON.parse(await readFile(join(plans, `${host}.bundle`), "utf8"))),
    async chimera(...args: string[]) {
      const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
        env: { HOME: home, PATH: `${bin}:${process.env["PATH"] ?? ""}`, USER: "anna" },
        extendEnv: false,
        reject: false,
        cwd: home,
      });
      return { code: exitCode, out: stdout, err: stderr };
    },
    /** As on a machine that has never asked the controller. */
    forget: () => rm(join(home, ".local/state"), { recursive: true }),
    copies: () => readdir(join(home, ".local/state/chimera", copies.fleetId)),
    forgetPanic: () =>
      rm(join(home, ".local/state/chimera", copies.fleetId, "panic.0.2.json"), { force: true }),
    close: () => rm(home, { recursive: true, force: true }),
  };
}

async function writeContext(home: string, fleetId: string): Promise<void> {
  const folder = join(home, ".config/chimera");
  await mkdir(folder, { recursive: true });
  const text = `current = "x"\n[contexts.x]\ncontroller = "http://127.0.0.1:9"\nfleetId = "${fleetId}"\n`;
  await writeFile(join(folder, "config.toml"), text);
}

async function writeCopies(home: string, { fleetId, keySet, head, ready }: Copies): Promise<void> {
  const folder = join(home, ".local/state/chimera", fleetId);
  await mkdir(folder, { recursive: true });
  const { serial, envelope, leaves } = head;
  const files = {
    "keys.1": keySet,
    [`head.0.${serial}`]: envelope,
    [`panic-ready.0.${serial}`]: ready,
    [`world.${worldId(leaves)}`]: { v: 1, leaves },
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, `${name}.json`), JSON.stringify(content));
  }
}

/** A follower stays until its input ends, as the real one does. */
function standIn(plans: string): string {
  return `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(plans, "calls"))}, JSON.stringify(args) + "\\n");
const at = args.indexOf("--");
const host = args[at + 1].split("@").at(-1);
const word = args[at + 2].split(" ")[1];
const { out = "", err = "", code = 0, hangs = false } = JSON.parse(readFileSync(${JSON.stringify(plans)} + "/" + host + ".json", "utf8"))[word] ?? {};
const pieces = [];
if (hangs) setInterval(() => undefined, 1_000);
else process.stdin.on("data", (piece) => pieces.push(piece));
if (hangs) return;
if (word === "follow") process.stdout.write(out);
process.stdin.on("end", () => {
  if (word === "deliver") writeFileSync(${JSON.stringify(plans)} + "/" + host + ".bundle", Buffer.concat(pieces));
  process.stderr.write(err);
  if (word !== "follow") process.stdout.write(out);
  process.exitCode = code;
});
`;
}

/** The marked line of an agent. */
export function answerLine(report: NodeReport, verdicts?: object[]): string {
  const outcome = verdicts === undefined ? "reported" : "delivered";
  const more = verdicts === undefined ? {} : { verdicts };
  return `${answerMark}${JSON.stringify({ v: 1, ok: true, outcome, status: quietLocalStatus, report, ...more })}\n`;
}
