/**
 * SHELL. Two questions to systemd over its private socket: `systemctl` would start a process for each, and an idle
 * agent starts none. As much of the D-Bus wire format (dbus-specification, "Message Protocol") as these two need.
 */
import { connect } from "node:net";
import { ChimeraError } from "@chimera/proto/errors";
import { callMessage, createWireReader, takeMessage, type WireMessage } from "./dbus-wire.ts";

const managerPath = "/org/freedesktop/systemd1";
const manager = "org.freedesktop.systemd1.Manager";
const properties = "org.freedesktop.DBus.Properties";
const answerMs = 5_000;
const maxBytes = 4 << 20;

export interface SystemdAnswer {
  state: string;
  /** Names of units in one of the asked states. */
  units: string[];
}

/** Throws tool-failed when systemd does not answer as it should. */
export async function askSystemd(
  states: readonly string[],
  socket = "/run/systemd/private",
): Promise<SystemdAnswer> {
  const calls = [
    callMessage(
      { path: managerPath, interface: properties, member: "Get", strings: [manager, "SystemState"] },
      1,
    ),
    callMessage({ path: managerPath, interface: manager, member: "ListUnitsFiltered", list: states }, 2),
  ];
  try {
    const [state, units] = await exchange(socket, calls);
    if (state === undefined || units === undefined) throw new Error("an answer is missing");
    return { state: readVariantString(state), units: readUnitNames(units) };
  } catch (cause) {
    throw new ChimeraError("tool-failed", `${socket} did not answer`, { cause });
  }
}

/** Answers in the order of the calls. */
function exchange(path: string, calls: readonly Buffer[]): Promise<WireMessage[]> {
  return new Promise((resolve, reject) => {
    const stream = connect(path);
    const timer = setTimeout(() => stream.destroy(new Error("no answer in time")), answerMs);
    const take = createAnswerReader();
    stream.on("error", reject);
    stream.on("close", () => {
      clearTimeout(timer);
      reject(new Error("the connection ended"));
    });
    stream.on("data", (chunk) => {
      const answers = take(chunk);
      if (answers instanceof Error) stream.destroy(answers);
      if (answers instanceof Error || answers.length < calls.length) return;
      resolve(answers);
      stream.destroy();
    });
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    stream.write(Buffer.concat([Buffer.from(`\0AUTH EXTERNAL ${uid}\r\nBEGIN\r\n`), ...calls]));
  });
}

/** Takes bytes as they come; gives the answers so far, or why there will be none. */
function createAnswerReader(): (chunk: Buffer) => WireMessage[] | Error {
  const answers: WireMessage[] = [];
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
    }
    for (let next = takeMessage(pending); next !== undefined; next = takeMessage(pending)) {
      pending = pending.subarray(next.length);
      if (next.kind === "error") return new Error("systemd answered with an error");
      if (next.kind === "answer") answers.push(next);
    }
    return answers;
  };
}

function readVariantString({ body }: WireMessage): string {
  const reader = createWireReader(body);
  reader.signature();
  return reader.string();
}

/** a(ssssssouso): name, description, load, active, sub, followed, path, job id, job type, job path. */
function readUnitNames({ body }: WireMessage): string[] {
  const reader = createWireReader(body);
  const length = reader.uint32();
  reader.align(8);
  const end = reader.position() + length;
  const names: string[] = [];
  while (reader.position() < end) {
    reader.align(8);
    names.push(reader.string());
    for (let skipped = 0; skipped < 6; skipped += 1) reader.string();
    reader.uint32();
    reader.string();
    reader.string();
  }
  return names;
}
