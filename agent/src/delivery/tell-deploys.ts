/**
 * SHELL. Session `deploy-<serial>`: what becomes of a head, or of its panic, on this node, line by line, for whoever watches from anywhere. It shows and drives
 * nothing; a head that is followed by another one ends it.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { LocalStatus } from "@chimera/proto/local-api";
import type { Log } from "@chimera/proto/log";
import { SessionName, type SessionFacts } from "@chimera/proto/sessions/session";
import type { ToldSession } from "../host/sessions/told-sessions.ts";
import { deploySight, type DeploySight } from "./follow-progress.ts";

export interface DeployTellerNeeds {
  status: () => LocalStatus;
  sessions: {
    tell: (start: { name: SessionName; kind: "deploy"; what: string }) => Promise<ToldSession>;
    list: () => SessionFacts[];
    /** In a tmux window, for whoever sits at the node. */
    show: (name: SessionName) => Promise<void>;
    hide: (name: SessionName) => Promise<void>;
  };
  log: Log;
}

interface Told {
  serial: number;
  name: SessionName;
  session: ToldSession;
  sight: string;
}

interface State extends DeployTellerNeeds {
  /** Whose end was seen, or was there when this agent began; null before the first look. */
  ended: number | null;
  isFirst: boolean;
  told: Told | null;
  timer: NodeJS.Timeout | null;
  isBusy: boolean;
}

/** The loop may look fifty times a second; people need less. */
const gatherMs = 250;
/** Whoever is in a hurry, as a panic, goes first. */
const showMs = 1_000;
/** So that the last line can be read. */
const lingerMs = 60_000;

/** Returns what is to be called after each pass. */
export function tellDeploys(needs: DeployTellerNeeds): () => void {
  const state: State = { ...needs, ended: null, isFirst: true, told: null, timer: null, isBusy: false };
  return () => lookSoon(state);
}

function lookSoon(state: State): void {
  state.timer ??= setTimeout(() => {
    state.timer = null;
    // What is new while the last look is written down is not to be missed.
    if (state.isBusy) lookSoon(state);
    else void look(state);
  }, gatherMs).unref();
}

async function look(state: State): Promise<void> {
  state.isBusy = true;
  try {
    await tellSight(state, deploySight(state.status()));
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.log.warn({ error }, "what becomes of a head was not told in its session");
  } finally {
    state.isBusy = false;
  }
}

async function tellSight(state: State, sight: DeploySight): Promise<void> {
  const { serial } = sight;
  if (state.isFirst) await beginFirst(state, sight);
  if (serial === null) return;
  if (state.told !== null && state.told.serial !== serial) {
    await state.told.session.end(75, `head ${serial} came after it`);
    leave(state, state.told);
  }
  // Also one that is over at once had its session.
  if (state.told === null && sight.isOver && state.ended === serial) return;
  state.told ??= await open(state, serial);
  await say(state, state.told, sight);
}

async function say(state: State, told: Told, { sight, line, isOver, failure }: DeploySight): Promise<void> {
  if (told.sight !== sight) told.session.say(`${new Date().toISOString().slice(11, 19)} ${line}`);
  told.sight = sight;
  if (!isOver) return;
  await told.session.end(failure === null ? 0 : 1, failure);
  state.ended = told.serial;
  leave(state, told);
}

/** What an earlier agent told, and what was over before anybody looked. */
async function beginFirst(state: State, { serial, isOver }: DeploySight): Promise<void> {
  state.isFirst = false;
  const running = state.sessions
    .list()
    .filter(({ kind, state: word }) => kind === "deploy" && word === "running");
  const isOwn = (name: SessionName): boolean => serial !== null && name === nameOf(serial);
  if (isOver && !running.some(({ name }) => isOwn(name))) state.ended = serial;
  for (const { name } of running.filter((facts) => !isOwn(facts.name))) {
    const session = await state.sessions.tell({ name, kind: "deploy", what: whatOf(name) });
    await session.end(75, "another head came after it while no agent ran");
  }
}

async function open(state: State, serial: number): Promise<Told> {
  const name = nameOf(serial);
  const session = await state.sessions.tell({ name, kind: "deploy", what: whatOf(name) });
  setTimeout(() => void onNode(state, () => state.sessions.show(name)), showMs).unref();
  return { serial, name, session, sight: "" };
}

function leave(state: State, { name }: Told): void {
  state.told = null;
  setTimeout(() => {
    // It may have begun again, as by a panic.
    if (state.told?.name !== name) void onNode(state, () => state.sessions.hide(name));
  }, lingerMs).unref();
}

async function onNode(state: State, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.log.debug({ error }, "a session is not shown on the node");
  }
}

function nameOf(serial: number): SessionName {
  return SessionName.parse(`deploy-${serial}`);
}

function whatOf(name: SessionName): string {
  return `head ${name.slice("deploy-".length)} on this node`;
}
