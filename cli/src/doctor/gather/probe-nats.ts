/** SHELL. What a nats-server says to whoever connects, before anybody signs in: no credential is used. */
import { connect as connectTcp, type Socket } from "node:net";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { z } from "zod";
import type { NatsProbe } from "../facts.ts";

const patienceMs = 4_000;
const maxInfoBytes = 1 << 16;
const usualPort = 4222;

const Info = z.object({
  version: z.string().max(64),
  jetstream: z.boolean().default(false),
  tls_required: z.boolean().default(false),
  tls_available: z.boolean().default(false),
});

export async function probeNats(server: string): Promise<NatsProbe> {
  const { hostname, port } = addressOf(server);
  const isLocal = hostname === "localhost" || hostname === "::1" || hostname.startsWith("127.");
  const socket = connectTcp({ host: hostname, port });
  const timer = setTimeout(
    () => socket.destroy(new Error(`nothing within ${patienceMs / 1000} s`)),
    patienceMs,
  );
  try {
    const { tls_required, tls_available, ...info } = Info.parse(await readInfo(socket));
    const tls = tls_required || tls_available;
    const certificateEndMs = tls ? await certificateEnd(socket, hostname) : null;
    return { server, info: { ...info, tls }, reason: "", isLocal, certificateEndMs };
  } catch (error) {
    return { server, info: null, reason: reasonOf(error), isLocal, certificateEndMs: null };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

export function addressOf(server: string): { hostname: string; port: number } {
  const { hostname, port } = new URL(server);
  return { hostname: hostname.replace(/^\[(.*)\]$/u, "$1"), port: port === "" ? usualPort : Number(port) };
}

/** The first line that a server sends: `INFO {…}`. */
async function readInfo(socket: Socket): Promise<unknown> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes("\r\n") || text.length > maxInfoBytes) break;
  }
  const [line = ""] = text.split("\r\n", 1);
  if (!line.startsWith("INFO ")) throw new Error("what answers there is no nats-server");
  return JSON.parse(line.slice(5));
}

/** Of whoever answers: it is looked at, and nothing is told to it. */
async function certificateEnd(socket: Socket, hostname: string): Promise<number | null> {
  const secure = connectTls({ socket, servername: hostname, rejectUnauthorized: false });
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  return endOf(secure.getPeerCertificate().valid_to);
}

/** The same of an HTTPS server. */
export async function certificateEndOf(url: string): Promise<number | null> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "https:") return null;
  const host = hostname.replace(/^\[(.*)\]$/u, "$1");
  const socket = connectTcp({ host, port: port === "" ? 443 : Number(port), timeout: patienceMs });
  socket.on("timeout", () => socket.destroy(new Error("no answer")));
  try {
    await once(socket, "connect");
    return await certificateEnd(socket, host);
  } catch {
    return null;
  } finally {
    socket.destroy();
  }
}

function endOf(text: string | undefined): number | null {
  const endMs = Date.parse(text ?? "");
  return Number.isNaN(endMs) ? null : endMs;
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  if (error instanceof z.ZodError) return "what answers there is no nats-server";
  return error instanceof Error ? error.message : "unknown";
}
