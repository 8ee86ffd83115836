/**
 * Wiring. Tests only, never shipped: the viewers' side of a node as a process of its own, with what a folder says as its sessions. It may be killed,
 * stopped and started again, as an agent may.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { encodeKeptPage, keptPageBytes, keptPageOf } from "@chimera/proto/sessions/kept-page";
import { encodeFrame } from "@chimera/proto/sessions/session-frame";
import { isKept, SessionFacts, SessionName, StreamId } from "@chimera/proto/sessions/session";
import { ViewAsk } from "@chimera/proto/sessions/view-ask";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import { openConnection } from "../control/connection.ts";
import { createViewDesk } from "../control/sessions/view-desk.ts";
import { openLogSource } from "../host/sessions/log-source.ts";
import { openPaneSource } from "../host/sessions/pane-source.ts";
import { serveViewers } from "../host/sessions/serve-viewers.ts";
import type { OutputSource } from "../sessions/output-source.ts";

const Plan = z.object({
  fleetId: z.string(),
  node: z.string(),
  server: z.string(),
  seedFile: z.string(),
  /** One file a session. */
  folder: z.string(),
});

const Staged = z.object({
  facts: SessionFacts,
  source: z.union([
    z.object({ file: z.string(), mostBytes: z.int(), from: z.int() }),
    z.object({ socket: z.string(), session: z.string() }),
  ]),
});
type Staged = z.infer<typeof Staged>;

const { fleetId, node, server, seedFile, folder } = Plan.parse(JSON.parse(process.argv[2] ?? ""));
const log = createLog({ fields: {}, level: "warn", write: (line) => process.stderr.write(line) });

const read = (name: string): Staged | null => {
  try {
    return Staged.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
  } catch {
    return null;
  }
};
const factsOf = (name: SessionName): SessionFacts | null => {
  const staged = read(name);
  if (staged === null) return null;
  const bytes = "file" in staged.source ? sizeOf(staged.source.file) : staged.facts.bytes;
  return { ...staged.facts, bytes, viewers: desk.viewersOf(name) };
};

/** Who came by the socket. */
const atNode = new Map<string, (frame: Uint8Array) => void>();

const link = openConnection({
  servers: [server],
  name: node,
  credentials: () => ({ nkey: parseNkeySeed(readFileSync(seedFile, "utf8")), pass: null }),
  inboxPrefix: subjects.inboxPrefix(node),
  log,
  onConnected: () => undefined,
});
const desk = createViewDesk({
  open: (name, onOutput) => {
    const staged = read(name);
    return staged === null ? null : openSource(staged, onOutput);
  },
  facts: factsOf,
  send: ({ session, viewer }, frame) =>
    atNode.get(viewer)?.(frame) ??
    link.publish(subjects.sessionView(fleetId, node, { session, viewer }), frame),
  nowMs: () => performance.now(),
  log,
});
link.subscribe(subjects.cmd(fleetId, node), (data) => {
  const ask = ViewAsk.safeParse(JSON.parse(Buffer.from(data).toString("utf8")));
  if (ask.success) desk.take(ask.data);
});

serveViewers({
  runtimeDir: folder,
  take(ask, send) {
    if ("list" in ask) {
      const bytes = Buffer.from(JSON.stringify(names().flatMap((name) => factsOf(name) ?? [])));
      return send(encodeFrame({ head: { kind: "list", isLast: true }, bytes }));
    }
    atNode.set(ask.view.viewer, send);
    desk.take(ask);
  },
  log,
});

async function openSource({ facts, source }: Staged, onOutput: () => void): Promise<OutputSource> {
  if ("socket" in source) return openPaneSource({ ...source, onOutput, onEnd: () => undefined });
  const { size, run } = facts;
  return openLogSource({ ...source, stream: StreamId.parse(run), size, onChange: onOutput });
}

function sizeOf(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return 0;
  }
}

const told = new Map<string, string>();

function tell(name: SessionName): void {
  const facts = factsOf(name);
  const text = JSON.stringify(facts);
  if (facts === null || told.get(name) === text) return;
  if (!link.publish(subjects.session(fleetId, node, name), text)) return;
  told.set(name, text);
  desk.tell(name);
  const source = read(name)?.source;
  if (isKept(facts.kind) && source !== undefined && "file" in source) keep(facts, source.file);
}

function keep({ name, run }: SessionFacts, file: string): void {
  const bytes = readFileSync(file);
  for (let from = 0; from < bytes.length; from += keptPageBytes) {
    const subject = subjects.sessionPage(fleetId, node, { session: name, page: keptPageOf(from) });
    const piece = bytes.subarray(from, from + keptPageBytes);
    link.publish(subject, encodeKeptPage({ stream: StreamId.parse(run), from, bytes: piece }));
  }
}

function names(): SessionName[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.map((file) => SessionName.parse(file.replace(/\.json$/u, "")));
}

setInterval(() => {
  for (const name of names()) tell(name);
}, 100);
