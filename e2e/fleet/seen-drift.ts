/** What `chimera drift` shows of one node, and waiting for it. */
import { z } from "zod";
import { waitUntil } from "../lab/wait-until.ts";
import { operatorOf } from "./operator.ts";
import type { Fleet } from "./start-fleet.ts";

const Item = z.looseObject({ kind: z.string(), path: z.string() });
const Drift = z.looseObject({
  nodes: z.array(z.looseObject({ drift: z.looseObject({ open: z.array(Item) }) })),
  reverted: z.array(z.looseObject({ data: z.looseObject({ item: Item, ms: z.number() }) })),
});

/** Each as kind and path. */
export type SeenDrift = Record<"open" | "reverted", string[]>;

export const seconds = (count: number) => ({ timeoutMs: count * 1000, everyMs: 200 });

const shown = ({ kind, path }: z.infer<typeof Item>): string => `${kind} ${path}`;

export async function seenDrift({ lab }: Pick<Fleet, "lab">, node: string): Promise<SeenDrift> {
  const { nodes, reverted } = Drift.parse(JSON.parse(await operatorOf(lab).ok(["drift", node, "--json"])));
  return {
    open: nodes.flatMap((view) => view.drift.open.map(shown)),
    reverted: reverted.map(({ data }) => shown(data.item)),
  };
}

export interface WaitedDrift {
  where: keyof SeenDrift;
  item: string;
  timeout: { timeoutMs: number; everyMs: number };
}

export async function waitDrift(
  fleet: Pick<Fleet, "lab">,
  node: string,
  { where, item, timeout }: WaitedDrift,
): Promise<void> {
  let last: SeenDrift | undefined;
  const look = async (): Promise<boolean> => {
    last = await seenDrift(fleet, node);
    return last[where].includes(item);
  };
  await waitUntil(item, look, timeout).catch((cause: unknown) => {
    throw new Error(`${where} without ${item}: ${JSON.stringify(last)}`, { cause });
  });
}
