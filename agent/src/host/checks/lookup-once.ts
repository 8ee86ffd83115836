/**
 * SHELL. Host names for checks. The system's resolver blocks one of Node's four threads until it gives up, and on a
 * machine whose network is cut that is long after the check has: a name is asked for once at a time, and few at once.
 */
import { lookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

type Found = (error: Error | null, addresses: LookupAddress[]) => void;

const maxPending = 2;

export function createLookup(find: (host: string, found: Found) => void = findAll): LookupFunction {
  const waiting = new Map<string, Found[]>();
  return (host, options, callback) => {
    const found: Found = (error, addresses) => {
      const fitting = error === null ? addresses.filter(({ family }) => fits(family, options.family)) : [];
      const [first] = fitting;
      if (first === undefined) callback(error ?? new Error(`${host} has no such address`), "");
      else if (options.all === true) callback(null, fitting);
      else callback(null, first.address, first.family);
    };
    const others = waiting.get(host);
    if (others !== undefined) {
      others.push(found);
      return;
    }
    if (waiting.size >= maxPending) {
      queueMicrotask(() => found(new Error(`${host} is not looked up: other names still are`), []));
      return;
    }
    waiting.set(host, [found]);
    find(host, (error, addresses) => {
      const all = waiting.get(host) ?? [];
      waiting.delete(host);
      for (const one of all) one(error, addresses);
    });
  };
}

function findAll(host: string, found: Found): void {
  lookup(host, { all: true }, found);
}

function fits(family: number, wanted: number | "IPv4" | "IPv6" | undefined): boolean {
  if (wanted === undefined || wanted === 0) return true;
  return family === (wanted === "IPv4" ? 4 : wanted === "IPv6" ? 6 : wanted);
}
