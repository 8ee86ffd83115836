/**
 * SHELL. One question to ssh-agent, over its socket: a length, a type, a body, and the same back
 * (draft-ietf-sshm-ssh-agent §3). Our own, for two messages: docs/decisions/0001-libraries.md.
 */
import { connect } from "node:net";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../io.ts";

/** As OpenSSH bounds it. */
const maxMessageBytes = 256 * 1024;

export interface AgentMessage {
  type: number;
  body: Buffer;
}

export interface AgentQuestion extends AgentMessage {
  /** How long an answer may take. */
  patienceMs: number;
}

export async function askAgent(io: Io, message: AgentQuestion): Promise<AgentMessage> {
  const path = io.env["SSH_AUTH_SOCK"] ?? "";
  if (path === "") {
    throw new ChimeraError("config-invalid", "agentKeys: SSH_AUTH_SOCK is not set, so there is no ssh-agent");
  }
  const timeout = AbortSignal.timeout(message.patienceMs);
  const signal = AbortSignal.any([io.signal, timeout]);
  try {
    return await exchange(path, message, signal);
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    const code = timeout.aborted ? "deadline-exceeded" : "tool-failed";
    throw new ChimeraError(code, `ssh-agent at ${path}`, { cause });
  }
}

async function exchange(
  path: string,
  { type, body }: AgentMessage,
  signal: AbortSignal,
): Promise<AgentMessage> {
  const socket = connect(path);
  const stop = (): void => void socket.destroy(new Error("no answer"));
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(body.length + 1);
    header.writeUInt8(type, 4);
    socket.write(Buffer.concat([header, body]));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      const answer = readAnswer(received);
      if (answer !== undefined) return answer;
    }
    throw new Error("it hung up without an answer");
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}

/** Undefined until it is there as a whole. */
function readAnswer(received: Buffer): AgentMessage | undefined {
  if (received.length < 4) return undefined;
  const length = received.readUInt32BE();
  if (length < 1 || length > maxMessageBytes) throw new Error(`an answer of ${length} bytes`);
  if (received.length < 4 + length) return undefined;
  return { type: received.readUInt8(4), body: received.subarray(5, 4 + length) };
}
