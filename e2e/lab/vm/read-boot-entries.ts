// SHELL. What a VM's loader has to choose from, in the words of bootctl, which reads what the loader reads.
import { z } from "zod";
import type { Host } from "../host/host.ts";

const Entries = z.array(
  z.object({
    id: z.string(),
    path: z.string().optional(),
    options: z.string().optional(),
    isDefault: z.boolean(),
    isSelected: z.boolean(),
  }),
);

export type BootEntryView = {
  /** Without the counter. */
  readonly id: string;
  /** The file's name as it is now, with the counter. */
  readonly file: string;
  readonly toplevel: string;
  readonly isDefault: boolean;
  /** What runs now was booted by it. */
  readonly isBooted: boolean;
};

/** In the loader's own order. */
export async function readBootEntries(host: Host): Promise<BootEntryView[]> {
  const text = await host.runChecked(["bootctl", "list", "--json=short", "--no-pager"]);
  return Entries.parse(JSON.parse(text)).flatMap(({ id, path, options, isDefault, isSelected }) => {
    const toplevel = /(?:^| )init=(\S+)\/init(?: |$)/.exec(options ?? "")?.[1];
    if (toplevel === undefined || path === undefined) return [];
    return [{ id, file: path.slice(path.lastIndexOf("/") + 1), toplevel, isDefault, isBooted: isSelected }];
  });
}

/** What the loader boots next, one-shot entries aside. */
export async function bootDefaultOf(host: Host): Promise<string | undefined> {
  return (await readBootEntries(host)).find(({ isDefault }) => isDefault)?.toplevel;
}
