/** SHELL. What the agent's files say while it does not run: its own program reads them, in its own version's form. */
import { ChimeraError } from "@chimera/proto/errors";
import { LocalStatus, maxAnswerBytes } from "@chimera/proto/local-api";
import { execa } from "execa";
import type { Io } from "../io.ts";

const timeoutMs = 15_000;

/** NixOS and the lab's machines have it there, whatever PATH a rescue shell has. */
const places = "/run/current-system/sw/bin:/nix/var/nix/profiles/system/sw/bin";

/** Throws server-unreachable: no agent answers, and its files cannot be read either. */
export async function readStoredStatus(io: Io, agentConfig: string | undefined): Promise<LocalStatus> {
  const path = io.env["PATH"] ?? "";
  const args = agentConfig === undefined ? [] : ["--config", agentConfig];
  const result = await execa("chimera-agent", ["status", ...args], {
    env: { ...io.env, PATH: path === "" ? places : `${path}:${places}` },
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    timeout: timeoutMs,
    maxBuffer: maxAnswerBytes,
    cancelSignal: io.signal,
  });
  io.signal.throwIfAborted();
  const status = LocalStatus.safeParse(parseJson(result.stdout));
  if (!result.failed && status.success) return status.data;
  throw new ChimeraError("server-unreachable", "no agent runs, and its files could not be read", {
    cause: new Error(reasonOf(result)),
  });
}

function reasonOf(result: {
  code?: string | undefined;
  timedOut: boolean;
  stderr: string;
  failed: boolean;
}): string {
  if (result.code === "ENOENT") return "there is no chimera-agent on PATH";
  if (result.timedOut) return "chimera-agent status took too long";
  if (!result.failed) return "chimera-agent is of a version that this chimera does not understand";
  return result.stderr.trim().slice(-1000) || "chimera-agent status failed";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
