/**
 * SHELL. Keeps the node's pass for NATS good: asked for at the half of its life, from the controller over HTTP, since a node whose pass is over
 * hears nothing of NATS. Whoever answers can give nothing but a pass of this node's nkey; the server judges it.
 */
import { ChimeraError, type ErrorCode } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { isNearEnd, readPass, type Pass } from "@chimera/proto/nats/pass";
import { PassGiven, type PassAsk, type PostPassAsk } from "@chimera/proto/nats/pass-ask";
import { seal } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import { httpPost, type HttpAnswer } from "../../http-get.ts";
import type { Connection, Credentials } from "../connection.ts";
import { parseBounded } from "../look/read-stored.ts";
import { every } from "../telemetry.ts";
import { passDue } from "./pass-due.ts";

export interface PassOptions {
  node: NodeName;
  fleetId: FleetId;
  signer: Signer;
  controllerUrl: string;
  token: () => string;
  credentials: () => Credentials;
  /** Whole or not at all; throws where the disk refuses. */
  save: (pass: string) => void;
  connection: Pick<Connection, "isConnected" | "reconnect">;
  /** Of a pass that is near its end: the operator hears of it as long as NATS still takes it. */
  alarm: (code: ErrorCode, message: string) => void;
  log: Log;
  /** Between two looks at it. */
  lookMs?: number | undefined;
}

const maxBytes = 16 << 10;
const timeoutMs = 10_000;
const usualLookMs = 15_000;

interface Kept {
  outAt: number;
  askedAt: number;
  failure: ChimeraError | null;
  /** The end of the pass of which that was told. */
  alarmed: number;
}

/** Returns what ends it. */
export function keepPass(options: PassOptions): () => void {
  const kept: Kept = { outAt: performance.now(), askedAt: -Infinity, failure: null, alarmed: 0 };
  const look = () => {
    lookAt(options, kept).catch((error: unknown) => options.log.error({ error }, "pass was not kept"));
  };
  look();
  return every(options.lookMs ?? usualLookMs, 0.3, look);
}

async function lookAt(options: PassOptions, kept: Kept): Promise<void> {
  const nowMs = performance.now();
  const [nowS, pass] = [Date.now() / 1000, passOf(options)];
  if (options.connection.isConnected()) kept.outAt = nowMs;
  const [outS, askedS] = [(nowMs - kept.outAt) / 1000, (nowMs - kept.askedAt) / 1000];
  const due = passDue({ pass, nowS, outS, askedS, wasRefused: kept.failure?.code === "role-forbidden" });
  if (due !== null) {
    kept.askedAt = nowMs;
    kept.failure = await renew(options, due);
  }
  const { failure } = kept;
  if (failure === null || pass === null || pass.exp === kept.alarmed || !isNearEnd(pass, nowS)) return;
  kept.alarmed = pass.exp;
  const until = new Date(pass.exp * 1000).toISOString();
  options.alarm(
    failure.code,
    `the pass for NATS ends at ${until}, and there is no other: ${failure.message}`,
  );
}

async function renew(options: PassOptions, due: string): Promise<ChimeraError | null> {
  const { log, connection, save } = options;
  try {
    const { text, pass } = await ask(options);
    save(text);
    log.info({ due, until: new Date(pass.exp * 1000).toISOString() }, "pass renewed");
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ due, error }, "pass was not renewed");
    return error;
  }
  // All that were let in at the same second would else be cut at the same second.
  await connection.reconnect();
  return null;
}

function passOf({ credentials }: PassOptions): Pass | null {
  const { pass } = credentials();
  return pass === null ? null : readPass(pass);
}

async function ask(options: PassOptions): Promise<{ text: string; pass: Pass }> {
  const { node, fleetId, signer, controllerUrl, token, credentials } = options;
  const { nkey } = credentials();
  const wish: PassAsk = { v: 1, kind: "pass-ask", fleetId, node, nkey: nkey.publicKey };
  const body: PostPassAsk = { envelope: seal("pass-ask", wish, [signer]) };
  const url = `${controllerUrl}/v1/nodes/${node}/pass`;
  const answer = await httpPost(url, body, { token: token(), maxBytes, timeoutMs });
  if (answer.status !== 200) throw refusal(answer);
  const parsed = parseBounded(answer.body, PassGiven);
  if (parsed.kind !== "found") throw new ChimeraError("input-invalid", "the controller's answer is no pass");
  const text = parsed.value.pass;
  return { text, pass: judged(readPass(text), { node, nkey: nkey.publicKey, before: passOf(options) }) };
}

function refusal({ status, body }: HttpAnswer): ChimeraError {
  const said = body.toString().slice(0, 512);
  const code = status >= 400 && status < 500 ? "role-forbidden" : "closure-unavailable";
  return new ChimeraError(code, `the controller answered ${status} for the pass: ${said}`);
}

interface Wanted {
  node: string;
  nkey: string;
  before: Pass | null;
}

/** What would lock the node out, name it otherwise, or is older, is not put in the place of what it has. */
function judged(pass: Pass, { node, nkey, before }: Wanted): Pass {
  const isNewer = pass.iat >= (before?.iat ?? 0) && pass.exp > pass.iat;
  if (pass.sub === nkey && pass.name === node && isNewer) return pass;
  const made = new Date(pass.iat * 1000).toISOString();
  throw new ChimeraError(
    "input-invalid",
    `the controller gave a pass of ${pass.name} (${pass.sub}), made at ${made}`,
  );
}
