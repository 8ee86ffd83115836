/** SHELL. What `chimera-agent deliver`, `report` and `follow` ask of the agent that runs: a line over its socket, a line back. */
import { connect } from "node:net";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { LocalAnswer, localSocketName, maxAnswerBytes, type LocalRequest } from "@chimera/proto/local-api";

/** Judging documents takes milliseconds; an order before it may wait for Nix. */
const patienceMs = 60_000;

/**
 * Throws server-unreachable where no agent answers, role-forbidden where only root may ask, and input-invalid for an answer that
 * this program does not understand.
 */
export async function askOwnAgent(runtimeDir: string, request: LocalRequest): Promise<LocalAnswer> {
  const answer = LocalAnswer.safeParse(parseJson(await exchange(join(runtimeDir, localSocketName), request)));
  if (answer.success) return answer.data;
  const cause = new Error(answer.error.issues[0]?.message ?? "no answer");
  throw new ChimeraError("input-invalid", "the agent answers what this program does not understand", {
    cause,
  });
}

function exchange(path: string, request: LocalRequest): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  const stream = connect({ path });
  stream.setTimeout(patienceMs, () => stream.destroy(new Error("it did not answer in time")));
  return new Promise((resolve, reject) => {
    stream.once("connect", () => stream.write(`${JSON.stringify(request)}\n`));
    stream.on("data", (piece: Buffer) => {
      size += piece.length;
      if (size > maxAnswerBytes) stream.destroy(new Error("its answer is too large"));
      else pieces.push(piece);
    });
    stream.once("error", (cause) => reject(unreachable(path, cause)));
    stream.once("close", () => {
      const text = Buffer.concat(pieces).toString("utf8");
      if (text.endsWith("\n")) resolve(text);
      else reject(unreachable(path, new Error("it ended without an answer")));
    });
  });
}

function unreachable(path: string, cause: Error): ChimeraError {
  const isForbidden = "code" in cause && (cause.code === "EACCES" || cause.code === "EPERM");
  if (isForbidden)
    return new ChimeraError("role-forbidden", `only root may ask the agent at ${path}`, { cause });
  const way = "look at: systemctl status chimera-sentinel chimera-recover";
  return new ChimeraError("server-unreachable", `no agent answers at ${path} (${way})`, { cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
