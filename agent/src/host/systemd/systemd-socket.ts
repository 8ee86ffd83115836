/** SHELL. Calls over systemd's private socket: one connection, one round trip, and then it is closed. */
import { connect } from "node:net";
import { ChimeraError } from "@chimera/proto/errors";
import { callMessage, takeMessage, type Call, type WireMessage } from "./dbus-wire.ts";

export const privateSocket = "/run/systemd/private";
export const managerPath = "/org/freedesktop/systemd1";

const answerMs = 5_000;
const maxBytes = 4 << 20;

/**
 * What `read` makes of the answers, which come in the order of the calls; a call that systemd refused has the answer
 * null. Throws tool-failed when systemd does not answer, or not as it should.
 */
export async function callSystemd<T>(
  socket: string,
  calls: readonly Call[],
  read: (answers: readonly (WireMessage | null)[]) => T,
): Promise<T> {
  try {
    return read(await exchange(socket, calls));
  } catch (cause) {
    throw new ChimeraError("tool-failed", `${socket} did not answer`, { cause });
  }
}

function exchange(path: string, calls: readonly Call[]): Promise<(WireMessage | null)[]> {
  return new Promise((resolve, reject) => {
    const stream = connect(path);
    const timer = setTimeout(() => stream.destroy(new Error("no answer in time")), answerMs);
    const messages = Buffer.concat(calls.map((call, index) => callMessage(call, index + 1)));
    // Not with the greeting: systemd reads 256 bytes of that at once, and what is left of them waits there for more to come.
    const take = createAnswerReader(() => stream.write(messages));
    stream.on("error", reject);
    stream.on("close", () => {
      clearTimeout(timer);
      reject(new Error("the connection ended"));
    });
    stream.on("data", (chunk) => {
      const answers = take(chunk);
      if (answers instanceof Error) stream.destroy(answers);
      if (answers instanceof Error || !calls.every((_, index) => answers.has(index + 1))) return;
      resolve(calls.map((_, index) => answers.get(index + 1) ?? null));
      stream.destroy();
    });
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    stream.write(`\0AUTH EXTERNAL ${uid}\r\nBEGIN\r\n`);
  });
}

/** By the serial of the call; null for one that was refused. */
type Answers = ReadonlyMap<number, WireMessage | null>;

/** Takes bytes as they come; gives the answers so far, or why there will be none. */
function createAnswerReader(onGreeted: () => void): (chunk: Buffer) => Answers | Error {
  const answers = new Map<number, WireMessage | null>();
  let pending = Buffer.alloc(0);
  let greeted = false;
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    if (pending.length > maxBytes) return new Error("the answer is too long");
    if (!greeted) {
      const end = pending.indexOf("\r\n");
      if (end < 0) return answers;
      if (!pending.toString("latin1").startsWith("OK ")) return new Error("not authorised");
      pending = pending.subarray(end + 2);
      greeted = true;
      onGreeted();
    }
    for (let next = takeMessage(pending); next !== undefined; next = takeMessage(pending)) {
      pending = pending.subarray(next.length);
      // Signals answer nothing.
      if (next.replyTo !== null) answers.set(next.replyTo, next.kind === "answer" ? next : null);
    }
    return answers;
  };
}
