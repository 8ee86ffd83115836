/**
 * SHELL. Host names for checks. The system's resolver blocks one of Node's four threads until it gives up, and on a
 * machine whose network is cut that is long after the check has: a name is asked for once at a time, and few at once.
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";

const maxPending = 2;

export function createLookup(find: (host: string) => Promise<LookupAddress[]> = findAll): LookupFunction {
  const pending = new Map<string, Promise<LookupAddress[]>>();
  const ask = (host: string) => {
    const running = pending.get(host);
    if (running !== undefined) return running;
    if (pending.size >= maxPending) return Promise.reject(new Error("names are not resolved"));
    const asked = find(host).finally(() => pending.delete(host));
    pending.set(host, asked);
    return asked;
  };
  return (host, options, callback) => {
    ask(host).then(
      (addresses) => {
        const fitting = addresses.filter(({ family }) => fits(family, options.family));
        const [first] = fitting;
        if (first === undefined) callback(new Error(`${host} has no address`), "");
        else if (options.all === true) callback(null, fitting);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ""),
    );
  };
}

function findAll(host: string): Promise<LookupAddress[]> {
  return lookup(host, { all: true });
}

function fits(family: number, wanted: number | "IPv4" | "IPv6" | undefined): boolean {
  if (wanted === undefined || wanted === 0) return true;
  return family === (wanted === "IPv4" ? 4 : wanted === "IPv6" ? 6 : wanted);
}
