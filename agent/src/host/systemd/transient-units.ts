/**
 * SHELL. Services that exist while they are needed, made and asked over systemd's private socket: `systemd-run` would be a program for each,
 * and hundreds may be started at once. Calls of one batch share a connection and a round trip.
 */
import type { Call, WireMessage } from "./dbus-wire.ts";
import { createWireReader } from "./dbus-wire.ts";
import { createWireWriter, type WireWriter } from "./dbus-writer.ts";
import { propertyCall, readVariant, unitPath, type ServiceRun } from "./systemd-bus.ts";
import { callSystemd, managerPath, privateSocket, tellSystemd } from "./systemd-socket.ts";

export interface TransientUnit {
  /** With its suffix. */
  name: string;
  description: string;
  /** An absolute path, then the arguments from the program's own name on: nothing in them is expanded. */
  program: string;
  argv: readonly string[];
  environment: readonly string[];
  properties: readonly UnitProperty[];
}

export type UnitProperty =
  | { name: string; kind: "text"; value: string }
  | { name: string; kind: "flag"; value: boolean }
  | { name: string; kind: "microseconds"; value: number };

const manager = "org.freedesktop.systemd1.Manager";
const service = "org.freedesktop.systemd1.Service";
/** So many in one round trip: systemd does nothing else meanwhile, and answers within its time. */
const atOnce = 32;

/** Of each unit why it was refused, null where it was not. What comes after the job was taken is the unit's own fate. Throws tool-failed. */
export function startTransientUnits(
  units: readonly TransientUnit[],
  socket = privateSocket,
): Promise<(string | null)[]> {
  return inBatches(units, (batch) => tellSystemd(socket, batch.map(startCall)));
}

/** Signal numbers are the kernel's. An answer that refuses says that nothing of it runs. */
export function killUnits(
  kills: readonly { unit: string; signal: number }[],
  socket = privateSocket,
): Promise<(string | null)[]> {
  return inBatches(kills, (batch) => tellSystemd(socket, batch.map(killCall)));
}

/** Ends what is left of them, and forgets how they ended. Throws tool-failed. */
export async function collectUnits(units: readonly string[], socket = privateSocket): Promise<void> {
  await inBatches(units, (batch) =>
    tellSystemd(
      socket,
      batch.flatMap((unit) => [
        managerCall("StopUnit", [unit, "replace"]),
        managerCall("ResetFailedUnit", [unit]),
      ]),
    ),
  );
}

export interface ListedUnit {
  name: string;
  active: string;
  sub: string;
  /** Something is about to be done with it: one that was asked for may be inactive until then. */
  hasJob: boolean;
}

/** Those whose names are as the patterns say. Throws tool-failed. */
export function listUnits(patterns: readonly string[], socket = privateSocket): Promise<ListedUnit[]> {
  const writer = createWireWriter();
  writer.array(4, () => undefined);
  texts(writer, patterns);
  const call = {
    path: managerPath,
    interface: manager,
    member: "ListUnitsByPatterns",
    written: { signature: "asas", body: writer.bytes() },
  };
  return callSystemd(socket, [call], ([answer]) => readListed(required(answer)));
}

export interface UnitRun extends ServiceRun {
  /** By the machine's clock; 0 where it did not begin, or has not ended. */
  startedMs: number;
  endedMs: number;
}

/** How each ran last. Throws tool-failed, also where one of them is no service. */
export function readRuns(units: readonly string[], socket = privateSocket): Promise<UnitRun[]> {
  return inBatches(units, (batch) =>
    callSystemd(socket, batch.flatMap(runCalls), (answers) =>
      batch.map((_, index) => readRun(answers.slice(index * runProperties.length))),
    ),
  );
}

/** Null where none runs. Throws tool-failed. */
export async function readMainPid(unit: string, socket = privateSocket): Promise<number | null> {
  const call = propertyCall(unitPath(unit), service, "MainPID");
  return callSystemd(socket, [call], ([answer]) => {
    const pid = readVariant(required(answer), "u", (reader) => reader.uint32());
    return pid === 0 ? null : pid;
  });
}

const runProperties = [
  "Result",
  "ExecMainCode",
  "ExecMainStatus",
  "ExecMainStartTimestamp",
  "ExecMainExitTimestamp",
] as const;

function runCalls(unit: string): Call[] {
  return runProperties.map((name) => propertyCall(unitPath(unit), service, name));
}

function readRun([result, code, status, started, ended]: readonly (WireMessage | null)[]): UnitRun {
  return {
    result: readVariant(required(result), "s", (reader) => reader.string()),
    execMainCode: readVariant(required(code), "i", (reader) => reader.int32()),
    execMainStatus: readVariant(required(status), "i", (reader) => reader.int32()),
    startedMs: Math.floor(readVariant(required(started), "t", (reader) => reader.uint64()) / 1000),
    endedMs: Math.floor(readVariant(required(ended), "t", (reader) => reader.uint64()) / 1000),
  };
}

function required(answer: WireMessage | null | undefined): WireMessage {
  if (answer === null || answer === undefined) throw new Error("systemd answered with an error");
  return answer;
}

/** a(ssssssouso): name, description, load, active, sub, followed, path, job id, job type, job path. */
function readListed({ body }: WireMessage): ListedUnit[] {
  const reader = createWireReader(body);
  const length = reader.uint32();
  reader.align(8);
  const end = reader.position() + length;
  const units: ListedUnit[] = [];
  while (reader.position() < end) {
    reader.align(8);
    const [name, , , active, sub] = Array.from({ length: 7 }, () => reader.string());
    const hasJob = reader.uint32() !== 0;
    reader.string();
    reader.string();
    units.push({ name: name ?? "", active: active ?? "", sub: sub ?? "", hasJob });
  }
  return units;
}

function startCall({ name, description, program, argv, environment, properties }: TransientUnit): Call {
  const writer = createWireWriter();
  writer.string(name);
  writer.string("fail");
  writer.array(8, () => {
    for (const property of [
      { name: "Description", kind: "text", value: description } as const,
      ...properties,
    ])
      set(writer, property.name, () => write(writer, property));
    set(writer, "Environment", () => writer.variant("as", () => texts(writer, environment)));
    set(writer, "ExecStartEx", () =>
      writer.variant("a(sasas)", () =>
        writer.array(8, () =>
          writer.struct(() => {
            writer.string(program);
            texts(writer, argv);
            // A command that fails is no failure of the machine: systemd keeps its code all the same.
            texts(writer, ["ignore-failure", "no-env-expand"]);
          }),
        ),
      ),
    );
  });
  writer.array(8, () => undefined);
  return managerWritten("StartTransientUnit", "ssa(sv)a(sa(sv))", writer);
}

function killCall({ unit, signal }: { unit: string; signal: number }): Call {
  const writer = createWireWriter();
  writer.string(unit);
  writer.string("all");
  writer.int32(signal);
  return managerWritten("KillUnit", "ssi", writer);
}

function managerCall(member: string, strings: readonly string[]): Call {
  return { path: managerPath, interface: manager, member, strings };
}

function managerWritten(member: string, signature: string, writer: WireWriter): Call {
  return { path: managerPath, interface: manager, member, written: { signature, body: writer.bytes() } };
}

function set(writer: WireWriter, name: string, value: () => void): void {
  writer.struct(() => {
    writer.string(name);
    value();
  });
}

function write(writer: WireWriter, property: UnitProperty): void {
  switch (property.kind) {
    case "text":
      return writer.variant("s", () => writer.string(property.value));
    case "flag":
      return writer.variant("b", () => writer.boolean(property.value));
    case "microseconds":
      return writer.variant("t", () => writer.uint64(property.value));
  }
}

function texts(writer: WireWriter, list: readonly string[]): void {
  writer.array(4, () => {
    for (const text of list) writer.string(text);
  });
}

async function inBatches<T, R>(all: readonly T[], work: (batch: readonly T[]) => Promise<R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < all.length; from += atOnce)
    results.push(...(await work(all.slice(from, from + atOnce))));
  return results;
}
