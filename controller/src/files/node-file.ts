/** SHELL. The registered nodes: which nkey may speak as a node, and with which key it signs. */
import { ChimeraError } from "@chimera/proto/errors";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { NodeName } from "@chimera/proto/names";
import { z } from "zod";
import { describeIssues } from "./describe-issues.ts";
import { readJsonFile, writeDurably } from "./durable-file.ts";
import { withFileLock } from "./file-lock.ts";

const UserNkey = z.string().regex(/^U[A-Z2-7]{55}$/, "an nkey of a user is U and 55 base-32 digits");

export const RegisteredNode = z.strictObject({
  nkey: UserNkey,
  nodeKey: PublicKeyText,
  /** Whether it may lead rollouts. */
  lead: z.boolean().optional(),
});
export type RegisteredNode = z.infer<typeof RegisteredNode>;

export const NodeFile = z
  .strictObject({ v: z.literal(1), nodes: z.record(NodeName, RegisteredNode) })
  .refine(({ nodes }) => Object.keys(nodes).length <= 10_000, "at most 10,000 nodes")
  .refine(
    ({ nodes }) => new Set(Object.values(nodes).map(({ nkey }) => nkey)).size === Object.keys(nodes).length,
    {
      path: ["nodes"],
      message: "two nodes share one nkey",
    },
  );
export type NodeFile = z.infer<typeof NodeFile>;

export const noNodes: NodeFile = { v: 1, nodes: {} };

export function readNodes(path: string): NodeFile {
  return readJsonFile(path, NodeFile) ?? noNodes;
}

/** Adds a node or gives it new keys; returns what it replaced. */
export async function addNode(
  path: string,
  entry: { node: string; nkey: string; nodeKey: string; lead?: boolean },
): Promise<RegisteredNode | undefined> {
  const node = NodeName.safeParse(entry.node);
  if (!node.success) throw new ChimeraError("usage", `--node: ${describeIssues(node.error)}`);
  return withFileLock(path, () => {
    const { nodes } = readNodes(path);
    const next = NodeFile.safeParse({
      v: 1,
      nodes: { ...nodes, [node.data]: registered(entry) },
    });
    if (!next.success) throw new ChimeraError("usage", `node ${node.data}: ${describeIssues(next.error)}`);
    writeDurably(path, `${JSON.stringify(next.data, null, 2)}\n`);
    return nodes[node.data];
  });
}

function registered({ nkey, nodeKey, lead }: { nkey: string; nodeKey: string; lead?: boolean }): object {
  return lead === true ? { nkey, nodeKey, lead } : { nkey, nodeKey };
}
