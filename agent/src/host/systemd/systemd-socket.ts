/** SHELL. Calls over systemd's private socket: one connection, one round trip, and then it is closed. */
import { connect } from "node:net";
import { ChimeraError } from "@chimera/proto/errors";
import { callMessage, createWireReader, takeMessage, type Call, type WireMessage } from "./dbus-wire.ts";

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
    const answers = await exchange(socket, calls);
    return read(answers.map((answer) => (answer.kind === "answer" ? answer : null)));
  } catch (cause) {
    throw new ChimeraError("tool-failed", `${socket} did not answer`, { cause });
  }
}

/** Of each call why systemd refused it; null where it did not. Throws tool-failed when systemd does not answer. */
export async function tellSystemd(socket: string, calls: readonly Call[]): Promise<(string | null)[]> {
  try {
    const answers = await exchange(socket, calls);
    return answers.map((answer) => (answer.kind === "answer" ? null : refusalOf(answer)));
  } catch (cause) {
    throw new ChimeraError("tool-failed", `${socket} did not answer`, { cause });
  }
}

/** Its first text, as all errors of systemd have one. */
function refusalOf({ body }: WireMessage): string {
  return body.length < 5 ? "refused" : createWireReader(body).string().slice(0, 512);
}

function exchange(path: string, calls: readonly Call[]): Promise<WireMessage[]> {
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
      if (answers instanceof Error || answers.size < calls.length) return;
      resolve(inOrder(answers));
      stream.destroy();
    });
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    stream.write(`\0AUTH EXTERNAL ${uid}\r\nBEGIN\r\n`);
  });
}

/** By the serial of the call. */
type Answers = ReadonlyMap<number, WireMessage>;

function inOrder(answers: Answers): WireMessage[] {
  return [...answers].toSorted(([a], [b]) => a - b).map(([, answer]) => answer);
}

/** Takes bytes as they come; gives the answers so far, or why there will be none. */
function createAnswerReader(onGreeted: () => void): (chunk: Buffer) => Answers | Error {
  const answers = new Map<number, WireMessage>();
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
      if (next.replyTo !== null) answers.set(next.replyTo, next);
    }
    return answers;
  };
}
