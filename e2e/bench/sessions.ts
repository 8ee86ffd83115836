// SHELL. Bench `sessions`: a thousand sessions on eight real nodes, and what listing, watching, typing and ordering them takes.
import { setTimeout as sleep } from "node:timers/promises";
import { operatorOf } from "../fleet/operator.ts";
import type { Fleet } from "../fleet/start-fleet.ts";
import { ChimeraError } from "@chimera/proto/errors";
import type { Report } from "../lab/report.ts";
import { withFleet } from "./bench-fleet.ts";
import { atMost, percentiles, spread, type Figure, type Peer as PeerFigure } from "./figures.ts";
import { ansiblePeer, sshPeer, type Peer } from "./panic-lab/peers.ts";
import { beginSessions, endSessions, runningSessions, viewerTimes } from "./sessions/fleet-sessions.ts";
import { sayMoreSessions } from "./sessions/said-sessions.ts";
import { agentPeakMb, forgetAgentPeak, tmuxPrivateKb } from "./sessions/tmux-memory.ts";

const nodes = 8;
const perNode = 125;
/** Nodes of which there is only the credential, with 125 sessions each of which there are only the facts. */
const ghosts = Array.from({ length: 80 }, (_, i) => `sim-${i + 1}`);
const trials = 5;
const lists = 20;
const attaches = 24;
const keys = 240;
const streamMs = 10_000;
/** The agent listens to so many terminals by itself, and no more: each then has a client in the tmux server. */
const heardTerminals = 8;
const idleTerminals = 15;
const fullTerminals = 8;

export function sessions(report: Report): Promise<Figure[]> {
  const world = { agentConfig: { allowExec: true } };
  return withFleet(report, { nodes, ghosts, world }, async (fleet) => [
    ...(await ordered(fleet, report)),
    ...(await terminals(fleet, report)),
    ...(await crowded(fleet, report)),
    ...(await streamed(fleet, report)),
  ]);
}

/** `true` everywhere: once on each node beside the peers, and 125 times. */
async function ordered(fleet: Fleet, report: Report): Promise<Figure[]> {
  const once = await rounds(() => exec(fleet, 1));
  report(`exec of true on ${nodes} nodes: ${spread(once).p50} s`);
  const peers: PeerFigure[] = [];
  const hosts = fleet.lab.nodes;
  for (const open of [() => sshPeer(hosts), () => ansiblePeer(hosts, report)]) {
    peers.push(await peerFigure(await open(), once));
  }
  const many = await rounds(() => exec(fleet, perNode));
  report(`exec of true in ${nodes * perNode} sessions: ${spread(many).p50} s`);
  return [
    percentiles("exec_1000_s", many, { unit: "s", bounds: { p50: 10, p99: 10 } }),
    { ...unbound(percentiles("exec_8_s", once, { unit: "s", bounds: { p50: 0 } })), peers },
  ];
}

async function peerFigure(peer: Peer, ours: readonly number[]): Promise<PeerFigure> {
  try {
    const measured = spread(await rounds(() => peer.runAll("true")));
    const ratio = Math.round((spread(ours).p50 / measured.p50) * 1000) / 1000;
    return { name: peer.name, settings: `${peer.settings}: true`, ...measured, ratio };
  } finally {
    await peer.close();
  }
}

async function exec(fleet: Fleet, copies: number): Promise<void> {
  const args = ["exec", "--all", "--copies", `${copies}`, "--", "true"];
  const { code, stderr } = await operatorOf(fleet.lab).run(args, { timeoutMs: 120_000 });
  if (code !== 0) throw new ChimeraError("tool-failed", `exec of true: exit ${code}: ${stderr}`);
}

/** Seconds of each but the first. */
async function rounds(work: () => Promise<void>): Promise<number[]> {
  const seconds: number[] = [];
  for (let trial = 0; trial <= trials; trial += 1) {
    const begun = performance.now();
    await work();
    seconds.push((performance.now() - begun) / 1000);
  }
  return seconds.slice(1);
}

/** What a terminal takes in the tmux server: with an empty screen, and with all the history that it may have. */
async function terminals(fleet: Fleet, report: Report): Promise<Figure[]> {
  const node = fleet.lab.host("n1");
  const begin = (copies: number, script: string) =>
    beginSessions(fleet, { on: ["n1"], copies, terminal: true, argv: ["sh", "-c", script] });
  const grown = async (copies: number, script: string): Promise<[number, string[]]> => {
    const before = await tmuxPrivateKb(node);
    const names = await begin(copies, script);
    await sleep(3000);
    return [((await tmuxPrivateKb(node)) - before) / copies, names];
  };
  const [heard, first] = await grown(heardTerminals, "sleep 3600");
  const [idle, quiet] = await grown(idleTerminals, "sleep 3600");
  const line = "x".repeat(79);
  const [full, loud] = await grown(fullTerminals, `yes ${line} | head -n 3000; sleep 3600`);
  report(`a terminal takes ${idle} KB, listened to ${heard} KB, with 2,000 lines of history ${full} KB`);
  await endSessions(fleet, [...first, ...quiet, ...loud]);
  const unit = "KB, private to the tmux server";
  return [
    atMost("tmux_kb_per_session", idle, { unit, n: idleTerminals, bound: 20 }),
    unbound(
      atMost("tmux_kb_per_session, the eight that the agent listens to", heard, {
        unit,
        n: heardTerminals,
        bound: 0,
      }),
    ),
    unbound(
      atMost("tmux_kb_per_session, 2,000 lines of 79 behind it", full, { unit, n: fullTerminals, bound: 0 }),
    ),
  ];
}

/** While a thousand others run: looked for, looked at, typed into. */
async function crowded(fleet: Fleet, report: Report): Promise<Figure[]> {
  await beginSessions(fleet, { on: "all", copies: perNode, argv: ["sleep", "3600"] });
  const script = "echo ready to be seen; exec cat";
  const seen = await beginSessions(fleet, {
    on: "all",
    copies: 1,
    terminal: true,
    argv: ["sh", "-c", script],
  });
  report(`${(await runningSessions(fleet)).length} sessions run on ${nodes} nodes`);
  const list = { kind: "command", argv: ["chimera", "sessions", "--json"], rounds: lists };
  const few = await viewerTimes(fleet, list);
  await sayMoreSessions(fleet, { nodes: ghosts, perNode });
  report(`with those of ${ghosts.length} simulated nodes: ${(await runningSessions(fleet)).length}`);
  const many = await viewerTimes(fleet, list);
  const attach = await viewerTimes(fleet, { kind: "attach", sessions: seen, rounds: attaches });
  report(`attached in ${spread(attach).p50} ms`);
  const echo = await viewerTimes(fleet, { kind: "type", session: seen[0] ?? "", keys });
  report(`a key is shown after ${spread(echo).p50} ms, p99 ${spread(echo).p99}`);
  const listBounds = { unit: "ms", bounds: { p50: 250 } };
  return [
    percentiles("list_ms, 1,000 sessions", few, listBounds),
    percentiles("list_ms, and 10,000 of simulated nodes", many, listBounds),
    percentiles("attach_ms", attach, { unit: "ms", bounds: { p50: 150 } }),
    percentiles("echo_ms", echo, { unit: "ms", bounds: { p50: 30, p99: 30 } }),
  ];
}

async function streamed(fleet: Fleet, report: Report): Promise<Figure[]> {
  const node = fleet.lab.host("n2");
  const argv = ["yes", "a line of output that somebody reads as fast as it comes"];
  const figures: Figure[] = [];
  for (const terminal of [false, true]) {
    const [name = ""] = await beginSessions(fleet, { on: ["n2"], copies: 1, terminal, argv });
    await forgetAgentPeak(node);
    const [rate = 0] = await viewerTimes(fleet, { kind: "read", session: name, forMs: streamMs });
    const peak = await agentPeakMb(node);
    await endSessions(fleet, [name]);
    const what = terminal ? "a terminal" : "a log";
    report(`${what}: ${rate / 1e6} MB/s, the agent's peak ${peak} MB`);
    figures.push(
      atLeast(`stream_mb_per_s, ${what}`, rate / 1e6, 5),
      atMost(`stream_agent_rss_mb, ${what}`, peak, { unit: "MB, peak", n: 1, bound: 100 }),
    );
  }
  return figures;
}

function atLeast(name: string, value: number, bound: number): Figure {
  const rounded = Math.round(value * 1000) / 1000;
  const ok = rounded >= bound;
  return { name, unit: "MB/s", n: 1, value: rounded, bound: `>= ${bound}`, ok, peers: [] };
}

/** Shown beside the others; nothing was promised of it. */
function unbound(figure: Figure): Figure {
  return { ...figure, bound: "", ok: true };
}
