/** PURE. Signed documents, and leads' records, as entries of the timeline. */
import { shortDigest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { isSessionAction } from "@chimera/proto/sessions/session-order";
import type { Head } from "@chimera/proto/signed/head";
import type { Order } from "@chimera/proto/signed/order";
import type { Panic } from "@chimera/proto/signed/panic";
import { showPlace } from "@chimera/proto/signed/place";
import { printableJson, printablePath } from "../printable.ts";
import type { Entry } from "./entry.ts";

export interface SignedAt<T> {
  document: T;
  storedAt: string;
  signedBy: readonly string[];
}

export function headEntry({ document: head, storedAt, signedBy }: SignedAt<Head>): Entry {
  const { mode, world, reason, author, createdAt, policy } = head;
  const waves = policy.rollout === undefined ? "" : ` in ${policy.rollout.waves.length} waves`;
  const what = `head ${showPlace(head)} ${mode} world ${shortDigest(world)}${waves}`;
  const by = `${author}, signed by ${signedBy.join(", ")}`;
  return { ...signed(storedAt, createdAt), what, why: reason, by, style: "bold", data: head };
}

export function panicEntry({ document: panic, storedAt, signedBy }: SignedAt<Panic>): Entry {
  const what = `panic undoes head ${showPlace(panic)}, back to world ${shortDigest(panic.world)}`;
  const by = `whoever released it, signed by ${signedBy.join(", ")}`;
  return { ...signed(storedAt, null), what, why: panic.reason, by, style: "red", data: panic };
}

export function orderEntry({ document: order, storedAt, signedBy }: SignedAt<Order>): Entry {
  const { nodes, reason, author, createdAt } = order;
  const whom = nodes === "all" ? "all nodes" : nodes.join(" ");
  const by = `${author}, signed by ${signedBy.join(", ")}`;
  const what = `${actionText(order)}${order.action.kind === "rollout" ? "" : ` for ${whom}`}`;
  return { ...signed(storedAt, createdAt), what, why: reason, by, style: "bold", data: order };
}

function actionText({ action }: Order): string {
  if ("path" in action || "glob" in action) return driftText(action);
  if (isSessionAction(action)) return sessionText(action);
  switch (action.kind) {
    case "hold":
      return `hold until ${action.until}${action.drift ? ", drift too" : ""}${action.evenPanic ? ", panic too" : ""}`;
    case "release":
      return "release";
    case "quarantine":
      return `quarantine list ${action.serial}: ${action.toplevels.length} toplevels, ${action.pardoned.length} pardoned`;
    case "rollout":
      return `rollout ${action.ask} of head ${shortDigest(action.head)}`;
  }
}

type SessionAction = Extract<Order["action"], { kind: "exec" | "exec-end" | "keyboard" }>;

function sessionText(action: SessionAction): string {
  if (action.kind === "exec") return `exec ${printableJson(action.argv)}`;
  if (action.kind === "exec-end")
    return `${action.signal} for what order ${shortDigest(action.order)} started`;
  const taken = action.take ? ", also from whoever has it," : "";
  return `keyboard of session ${action.session}${taken} until ${action.until}`;
}

type DriftAction = Extract<Order["action"], { kind: `drift-${string}` }>;

function driftText(action: DriftAction): string {
  const path = printablePath("glob" in action ? action.glob : action.path);
  const until = action.kind === "drift-ignore" ? ` until ${action.until}` : "";
  return `${action.kind.replace("-", " ")} ${path}${until}`;
}

function signed(at: string, saidAt: string | null) {
  return { kind: "order", at, saidAt, lateMs: 0, node: null, signed: true } as const;
}

/** Of a record that the store keeps: a lead told it, nobody signed it. */
export function recordEntry(record: RolloutRecord, storedAt: string, headName: string): Entry {
  const { phase, reason, lead, lease, at } = record;
  return {
    kind: "rollout",
    at: storedAt,
    saidAt: at,
    lateMs: 0,
    node: null,
    signed: false,
    what: `${phase} ${headName}`,
    why: reason,
    by: `lead ${lead ?? "?"}, lease ${lease}`,
    style: phase === "committed" ? "green" : phase === "staging" || phase === "waves" ? undefined : "red",
    data: record,
  };
}
