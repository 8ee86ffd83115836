/** SHELL. From which files systemd has its loaded units, and whether these have changed since: over its private socket. */
import { createWireReader, type Call, type WireMessage } from "./dbus-wire.ts";
import { readUnitNames, unitPath } from "./systemd-bus.ts";
import { callSystemd, managerPath, privateSocket } from "./systemd-socket.ts";

const unitInterface = "org.freedesktop.systemd1.Unit";

export interface UnitFiles {
  name: string;
  /** Empty where there is none. */
  fragment: string;
  dropIns: string[];
  needsReload: boolean;
}

/** Throws tool-failed. */
export function askLoadedUnits(socket = privateSocket): Promise<string[]> {
  const call = {
    path: managerPath,
    interface: "org.freedesktop.systemd1.Manager",
    member: "ListUnitsFiltered",
  };
  return callSystemd(socket, [{ ...call, list: [] }], ([units]) => {
    if (units === null || units === undefined) throw new Error("systemd answered with an error");
    return readUnitNames(units);
  });
}

/** Units of one round trip: systemd works through it between its other events. */
const batch = 32;
const questions = ["FragmentPath", "DropInPaths", "NeedDaemonReload"] as const;

/** Only of loaded units: systemd would load any other one to answer. One that is gone meanwhile is left out. Throws tool-failed. */
export async function askUnitFiles(names: readonly string[], socket = privateSocket): Promise<UnitFiles[]> {
  const found: UnitFiles[] = [];
  for (let from = 0; from < names.length; from += batch) {
    const asked = names.slice(from, from + batch);
    const calls = asked.flatMap((name) => questions.map((question) => propertyCall(name, question)));
    const read = (answers: readonly (WireMessage | null)[]) =>
      asked.flatMap((name, index) => readFiles(name, answers.slice(index * 3, index * 3 + 3)));
    found.push(...(await callSystemd(socket, calls, read)));
  }
  return found;
}

function propertyCall(unit: string, name: string): Call {
  return {
    path: unitPath(unit),
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    strings: [unitInterface, name],
  };
}

function readFiles(name: string, [fragment, dropIns, reload]: readonly (WireMessage | null)[]): UnitFiles[] {
  if (!fragment || !dropIns || !reload) return [];
  return [
    {
      name,
      fragment: variant(fragment, "s").string(),
      dropIns: readStrings(dropIns),
      needsReload: variant(reload, "b").uint32() !== 0,
    },
  ];
}

function variant({ body }: WireMessage, type: string) {
  const reader = createWireReader(body);
  const found = reader.signature();
  if (found !== type) throw new Error(`a property of type ${found} instead of ${type}`);
  return reader;
}

function readStrings(answer: WireMessage): string[] {
  const reader = variant(answer, "as");
  const length = reader.uint32();
  const end = reader.position() + length;
  const texts: string[] = [];
  while (reader.position() < end) texts.push(reader.string());
  return texts;
}
