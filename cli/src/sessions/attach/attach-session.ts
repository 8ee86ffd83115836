/** SHELL. Shows a node's session here until it ends or is left, over whatever lines break meanwhile. */
import { ChimeraError } from "@chimera/proto/errors";
import { StreamId, type SessionFacts } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { exitCodeOf } from "../exit-code.ts";
import type { FoundSession } from "../find-session.ts";
import type { SessionRoad } from "../roads/session-road.ts";
import type { Seen } from "../view-stream.ts";
import { watchSession } from "../watch-session.ts";
import type { Watched } from "../watched.ts";
import { showKept } from "./kept.ts";
import { logSink, rawSink, type Shown, type Sink } from "./sink.ts";
import type { KeyboardWish } from "../keyboard/take-keyboard.ts";
import type { Typing } from "../keyboard/typing.ts";
import { watchKeys, type Keys } from "./watch-keys.ts";

export interface AttachOptions {
  road: SessionRoad;
  found: FoundSession;
  /** Every byte as it is, also to a terminal. */
  isRaw: boolean;
  /** Hears of all that is shown, and says what whoever watches is to be told. */
  record?: ((one: Shown | { kind: "facts"; facts: SessionFacts }) => string | null) | undefined;
  /** To be typed into from here. */
  keyboard?: KeyboardWish | undefined;
}

/** At a terminal so much of a log comes first; the rest of it is for `chimera logs`. */
const scrollbackBytes = 1 << 20;

/** The session's exit code, or 0 where it was left. Throws contact-lost for one whose end nobody saw. */
export async function attachSession(io: Io, options: AttachOptions): Promise<number> {
  const leaving = new AbortController();
  const { found } = options;
  const sink = await chooseSink(io, options);
  const typing = await beginTyping(io, options, { sink, leaving });
  const keys = io.inTty && io.outTty ? offerToLeave(sink, nameOf(found), { leaving, typing }) : null;
  try {
    const signal = AbortSignal.any([io.signal, leaving.signal]);
    const over = await follow({ ...options, io, sink, signal, typing });
    await sink.end();
    io.signal.throwIfAborted();
    return over === null ? left(io, found) : conclude(over, found);
  } finally {
    typing?.end();
    keys?.end();
  }
}

async function beginTyping(
  io: Io,
  { found, keyboard }: AttachOptions,
  { sink, leaving }: { sink: Sink; leaving: AbortController },
): Promise<Typing | null> {
  if (keyboard === undefined) return null;
  const { startTyping } = await import("../keyboard/start-typing.ts");
  const say = (text: string): void => sink.say(text);
  return startTyping(io, { found, keyboard, say, leave: () => leaving.abort() });
}

/** A log is lines, which stay on this terminal; whatever else there may be is drawn. */
async function chooseSink(io: Io, { isRaw, found }: AttachOptions): Promise<Sink> {
  if (isRaw || !io.outTty) return rawSink(io);
  if (found.facts?.output === "log") return logSink(io);
  const { screenSink } = await import("../screen/screen-sink.ts");
  return screenSink(nameOf(found));
}

function offerToLeave(
  sink: Sink,
  name: string,
  { leaving, typing }: { leaving: AbortController; typing: Typing | null },
): Keys {
  return watchKeys(
    (word) => {
      if (word === "leave") leaving.abort();
      else if (word === "offer")
        sink.say(`leave ${name}? It runs on. d or Ctrl-C leaves, any other key stays`);
      else sink.say(`still at ${name}`);
    },
    () => sink.redraw(),
    (bytes) => typing?.take(bytes) === true,
  );
}

interface Following extends AttachOptions {
  io: Io;
  sink: Sink;
  signal: AbortSignal;
  typing: Typing | null;
}

/** Null where it was left. */
async function follow(following: Following): Promise<SessionFacts | null> {
  let [from, isEmpty] = [startOf(following), true];
  for (;;) {
    const round = await followFrom(following, from, isEmpty);
    if (round.kind === "end") return round.facts;
    if (round.kept === "all") return following.found.facts;
    [from, isEmpty] = [round.kept ?? from, false];
  }
}

type Round = { kind: "end"; facts: SessionFacts | null } | { kind: "kept"; kept: Seen | "all" | null };

/** @param isEmpty whether nothing was ever heard of it: then what was kept is better than nothing */
async function followFrom(following: Following, from: Seen | null, isEmpty: boolean): Promise<Round> {
  const { io, road, found: at, signal, typing } = following;
  let isNew = isEmpty;
  const onLine = typing?.line;
  for await (const one of watchSession({ road, at, from, signal, onLine })) {
    if (io.outGone()) break;
    if (one.kind === "over") return { kind: "end", facts: one.facts };
    if (one.kind === "away" && isNew) {
      const show = (shown: Shown): Promise<void> => pass(following, { ...shown, seen: null });
      return { kind: "kept", kept: await showKept({ ...following, show, waits: true }, one.why) };
    }
    isNew = false;
    if (one.kind === "facts") typing?.heard(one.facts);
    await pass(following, one);
  }
  return { kind: "end", facts: null };
}

async function pass(
  { sink, record, found }: Following,
  one: Exclude<Watched, { kind: "over" }>,
): Promise<void> {
  switch (one.kind) {
    case "output":
    case "screen":
    case "gap":
      sayTrouble(sink, record?.(one));
      return sink.show(one);
    case "facts":
      sink.resize(one.facts.size);
      return sayTrouble(sink, record?.(one));
    case "away":
      return sink.say(`${printableLine(one.why)}; trying again${meanwhile(found)}`);
    case "back":
      return sink.say("it answers again");
  }
}

function sayTrouble(sink: Sink, trouble: string | null | undefined): void {
  if (typeof trouble === "string") sink.say(printableLine(trouble));
}

/** Of a terminal its node remembers no more than a MiB. */
function meanwhile({ facts }: FoundSession): string {
  return facts?.output === "log" ? ", nothing is lost meanwhile" : "";
}

/** A log has positions that outlive whoever reads it: all of it can be asked for. */
function startOf({ io, found: { facts }, isRaw }: Following): Seen | null {
  if (facts?.output !== "log") return null;
  const most = isRaw || !io.outTty ? Number.POSITIVE_INFINITY : scrollbackBytes;
  return { stream: StreamId.parse(facts.run), to: Math.max(0, facts.bytes - most) };
}

function left(io: Io, found: FoundSession): number {
  io.err(`chimera: left ${nameOf(found)}, which runs on: chimera attach ${nameOf(found)}\n`);
  return 0;
}

function conclude(facts: SessionFacts, found: FoundSession): number {
  const code = facts.state === "lost" ? null : exitCodeOf(facts);
  if (code !== null) return code;
  throw new ChimeraError("contact-lost", `${nameOf(found)} is over, and nobody saw how it ended`);
}

function nameOf({ node, session }: FoundSession): string {
  return `${node}/${session}`;
}
