/**
 * SHELL. Who may speak to NATS: the registered nodes, each with the key that it signs with, and operators, who can release a
 * panic there when no controller answers.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { NodeName } from "@chimera/proto/names";
import { UserNkey } from "@chimera/proto/nkey";
import { controllerName } from "@chimera/proto/permissions";
import { z } from "zod";
import { describeIssues } from "./describe-issues.ts";
import { readJsonFile, writeDurably } from "./durable-file.ts";
import { withFileLock } from "./file-lock.ts";

export const RegisteredNode = z.strictObject({
  nkey: UserNkey,
  nodeKey: PublicKeyText,
  /** Whether it may lead rollouts. */
  lead: z.boolean().optional(),
});
export type RegisteredNode = z.infer<typeof RegisteredNode>;

const RegisteredOperator = z.strictObject({ nkey: UserNkey });

/** The same rule as for a node. */
const OperatorName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "an operator's name has 1-63 of a-z, 0-9 and -");

export const NodeFile = z
  .strictObject({
    v: z.literal(1),
    nodes: z.record(NodeName, RegisteredNode),
    operators: z.record(OperatorName, RegisteredOperator).optional(),
  })
  .refine(({ nodes }) => Object.keys(nodes).length <= 10_000, "at most 10,000 nodes")
  .refine(({ operators = {} }) => Object.keys(operators).length <= 256, "at most 256 operators")
  .refine(hasDistinctNkeys, { path: ["nodes"], message: "two of them share one nkey" });
export type NodeFile = z.infer<typeof NodeFile>;

/** One nkey for two users would give the one what the other may do. */
function hasDistinctNkeys(file: { nodes: object; operators?: object | undefined }): boolean {
  const users: { nkey: string }[] = [...Object.values(file.nodes), ...Object.values(file.operators ?? {})];
  return new Set(users.map(({ nkey }) => nkey)).size === users.length;
}

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
  if (node.data === controllerName) {
    const what = `a node named "${controllerName}" would hear in NATS what is answered to the controller: give it another name`;
    throw new ChimeraError("usage", `--node: ${what}`);
  }
  return withFileLock(path, () => {
    const file = readNodes(path);
    const nodes = { ...file.nodes, [node.data]: registered(entry) };
    write(path, { ...file, nodes }, `node ${node.data}`);
    return file.nodes[node.data];
  });
}

/** Throws not-found for one that is not registered. */
export async function removeNode(path: string, node: string): Promise<RegisteredNode> {
  return withFileLock(path, () => {
    const file = readNodes(path);
    const entries = Object.entries(file.nodes);
    const gone = entries.find(([name]) => name === node)?.[1];
    const nodes = Object.fromEntries(entries.filter(([name]) => name !== node));
    if (gone === undefined) throw new ChimeraError("not-found", `${path} has no node "${node}"`);
    write(path, { ...file, nodes }, `node ${node}`);
    return gone;
  });
}

/** Adds an operator or gives it a new nkey; returns what it replaced. */
export async function addOperator(
  path: string,
  { operator, nkey }: { operator: string; nkey: string },
): Promise<{ nkey: string } | undefined> {
  return withFileLock(path, () => {
    const file = readNodes(path);
    const operators = { ...file.operators, [operator]: { nkey } };
    write(path, { ...file, operators }, `operator ${operator}`);
    return file.operators?.[operator];
  });
}

/** Throws not-found for one that is not registered. */
export async function removeOperator(path: string, operator: string): Promise<void> {
  await withFileLock(path, () => {
    const file = readNodes(path);
    const { [operator]: gone, ...operators } = file.operators ?? {};
    if (gone === undefined) throw new ChimeraError("not-found", `${path} has no operator "${operator}"`);
    write(path, { ...file, operators }, `operator ${operator}`);
  });
}

function write(path: string, file: object, what: string): void {
  const next = NodeFile.safeParse(file);
  if (!next.success) throw new ChimeraError("usage", `${what}: ${describeIssues(next.error)}`);
  writeDurably(path, `${JSON.stringify(next.data, null, 2)}\n`);
}

function registered({ nkey, nodeKey, lead }: { nkey: string; nodeKey: string; lead?: boolean }): object {
  return lead === true ? { nkey, nodeKey, lead } : { nkey, nodeKey };
}
