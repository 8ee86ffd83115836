/**
 * SHELL. Questions to systemd over its private socket: `systemctl` would start a process for each, and an idle agent
 * starts none. As much of the D-Bus wire format (dbus-specification, "Message Protocol") as they need.
 */
import { createWireReader, type Call, type WireMessage, type WireReader } from "./dbus-wire.ts";
import { callSystemd, managerPath, privateSocket } from "./systemd-socket.ts";

const manager = "org.freedesktop.systemd1.Manager";
const unitInterface = "org.freedesktop.systemd1.Unit";
const serviceInterface = "org.freedesktop.systemd1.Service";

export interface SystemdAnswer {
  state: string;
  /** Names of units in one of the asked states. */
  units: string[];
}

/** Throws tool-failed when systemd does not answer as it should. */
export function askSystemd(states: readonly string[], socket = privateSocket): Promise<SystemdAnswer> {
  const calls = [
    propertyCall(managerPath, manager, "SystemState"),
    { path: managerPath, interface: manager, member: "ListUnitsFiltered", list: states },
  ];
  return callSystemd(socket, calls, ([state, units]) => ({
    state: readVariant(required(state), "s", (reader) => reader.string()),
    units: readUnitNames(required(units)),
  }));
}

/** In systemd's own words. A unit that does not exist is "not-found", "inactive" and "dead". */
export interface UnitState {
  load: string;
  active: string;
  sub: string;
  /** The last run of a service; null for units of other types. */
  run: ServiceRun | null;
}

export interface ServiceRun {
  /** "success", "exit-code", "signal", "timeout" and others. */
  result: string;
  /** A CLD_ constant: 1 is exited, all others but 0 are signals; 0 while it has not ended. */
  execMainCode: number;
  /** Exit code or signal. */
  execMainStatus: number;
}

/**
 * Throws tool-failed. The path alone makes systemd look for the unit, so one round trip is enough. Each property is
 * asked for by itself: all of them at once are hundreds, and some read the unit's cgroup. States come first: systemd
 * answers in order, so that a run seen as ended has its result already.
 */
export function askUnit(unit: string, socket = privateSocket): Promise<UnitState> {
  const path = unitPath(unit);
  const calls = [
    ...["LoadState", "ActiveState", "SubState"].map((name) => propertyCall(path, unitInterface, name)),
    ...["Result", "ExecMainCode", "ExecMainStatus"].map((name) => propertyCall(path, serviceInterface, name)),
  ];
  return callSystemd(socket, calls, ([load, active, sub, result, code, status]) => ({
    load: textOf(load),
    active: textOf(active),
    sub: textOf(sub),
    run:
      result === null
        ? null
        : { result: textOf(result), execMainCode: intOf(code), execMainStatus: intOf(status) },
  }));
}

/** As sd_bus_path_encode does: all but letters and digits, and a digit at the beginning, as _ and two hex digits. */
export function unitPath(unit: string): string {
  const escaped = [...Buffer.from(unit)].map((byte, index) => {
    const plain = index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/;
    const char = String.fromCodePoint(byte);
    return plain.test(char) ? char : `_${byte.toString(16).padStart(2, "0")}`;
  });
  return `${managerPath}/unit/${escaped.join("") || "_"}`;
}

export function propertyCall(path: string, of: string, name: string): Call {
  return { path, interface: "org.freedesktop.DBus.Properties", member: "Get", strings: [of, name] };
}

function required(answer: WireMessage | null | undefined): WireMessage {
  if (answer === null || answer === undefined) throw new Error("systemd answered with an error");
  return answer;
}

function textOf(answer: WireMessage | null | undefined): string {
  return readVariant(required(answer), "s", (reader) => reader.string());
}

function intOf(answer: WireMessage | null | undefined): number {
  return readVariant(required(answer), "i", (reader) => reader.int32());
}

export function readVariant<T>(
  { body }: WireMessage,
  type: "s" | "i" | "u" | "t",
  read: (reader: WireReader) => T,
): T {
  const reader = createWireReader(body);
  const found = reader.signature();
  if (found !== type) throw new Error(`a property of type ${found} instead of ${type}`);
  return read(reader);
}

/** a(ssssssouso): name, description, load, active, sub, followed, path, job id, job type, job path. */
export function readUnitNames({ body }: WireMessage): string[] {
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
