/** PURE. What an event says, for people. Of a type that is not known here it says what it can. */
import { knownEvent, type ForeignEvent, type NodeEvent, type NodeEventBody } from "@chimera/proto/event";
import { shortDigest } from "@chimera/proto/names";
import { parsePayload, payloadOf } from "@chimera/proto/signed/envelope";
import { showPlace } from "@chimera/proto/signed/place";
import { Receipt } from "@chimera/proto/signed/receipt";
import { ChimeraError } from "@chimera/proto/errors";
import { summedText } from "../drift/summed-text.ts";
import { printableJson, printablePath } from "../printable.ts";
import { shortPath } from "../units.ts";
import { styleOf, type Gist } from "./entry.ts";

export interface GistContext {
  /** "head 0.7 (anna)"; undefined for a document that is not in the history. */
  nameOf: (id: string) => string | undefined;
  /** Whether the agent is the first one of another boot. */
  isReboot: (event: NodeEvent) => boolean;
}

type Data = { [T in NodeEventBody["type"]]: Extract<NodeEventBody, { type: T }>["data"] };
type Describers = { [T in keyof Data]: (data: Data[T], context: GistContext, event: NodeEvent) => Gist };

export function eventGist(event: NodeEvent | ForeignEvent, context: GistContext): Gist {
  const known = knownEvent(event);
  if (known === null) {
    return { kind: "other", what: event.type, why: printableJson(event.data ?? null), by: "" };
  }
  return describe(known.type, known.data, { context, event: known });
}

/** Type and data are of one event: NodeEvent has said so. */
function describe<T extends keyof Data>(
  type: T,
  data: Data[T],
  { context, event }: { context: GistContext; event: NodeEvent },
): Gist {
  return describers[type](data, context, event);
}

const describers: Describers = {
  "agent-started": ({ version, bootedAt }, { isReboot }, event) => {
    const why = bootedAt === undefined ? "" : `up since ${bootedAt}`;
    return isReboot(event)
      ? { kind: "reboot", what: "restarted", why, by: "", style: "yellow" }
      : { kind: "agent", what: `agent ${version} started`, why, by: "" };
  },
  "document-accepted": ({ document, id, signedBy }, { nameOf }) => ({
    kind: "accepted",
    what: `accepted ${nameOf(id) ?? `${document} ${shortDigest(id)}`}`,
    why: "",
    by: signedBy.join(", "),
  }),
  "keyboard-held": ({ session, holder, since, typedBytes, reason }) => ({
    kind: "session",
    what: `${typedBytes} bytes typed into ${session} since ${since}`,
    why: reason,
    by: holder,
  }),
  "document-refused": ({ document, id, code, message, signedBy }, { nameOf }) => ({
    kind: "refused",
    what: `refused ${(id === null ? undefined : nameOf(id)) ?? document}`,
    why: `${code}: ${message}`,
    by: signedBy.join(", "),
    style: "red",
  }),
  "state-changed": ({ from, to, toplevel, order, problem, reasons = [] }, { nameOf }) => ({
    kind: "state",
    what: `${from} -> ${to}${toplevel === null ? "" : ` ${shortPath(toplevel)}`}`,
    why:
      problem === null || problem === undefined ? reasons.join(", ") : `${problem.code}: ${problem.message}`,
    by: order === undefined ? "" : orderText(order, nameOf),
    style: styleOf(to),
  }),
  "activation-finished": ({ toplevel, result, exitCode, ms, failedUnits }) => ({
    kind: "activation",
    what: `activation ${result} ${shortPath(toplevel)} in ${ms} ms`,
    why: [exitCode === null ? "" : `exit ${exitCode}`, ...failedUnits]
      .filter((text) => text !== "")
      .join(", "),
    by: "",
  }),
  unhealthy: ({ toplevel, check, message, action }) => ({
    kind: "health",
    what: `unhealthy ${shortPath(toplevel)}, check ${check}`,
    why: message,
    by: `${action} after commit`,
    style: "red",
  }),
  healthy: ({ toplevel, check }) => ({
    kind: "health",
    what: `healthy again ${shortPath(toplevel)}, check ${check}`,
    why: "",
    by: "",
    style: "green",
  }),
  receipt: ({ receipt }, { nameOf }) => receiptGist(receipt, nameOf),
  "rollout-changed": ({ head, phase, reason, lead, lease }, { nameOf }, { source }) => ({
    kind: "rollout",
    what: `${phase} ${nameOf(head) ?? `head ${shortDigest(head)}`}`,
    why: reason,
    by: `lead ${lead ?? "?"}, lease ${lease}${lead === source ? "" : `, as ${source} says, who is not that lead`}`,
    style: phase === "committed" ? "green" : phase === "staging" || phase === "waves" ? undefined : "red",
  }),
  "local-order": ({ action, toplevel, until, author, reason }) => ({
    kind: "local",
    what: `root: ${action}${toplevel === null ? "" : ` ${shortPath(toplevel)}`}${until === null ? "" : ` until ${until}`}`,
    why: reason,
    by: author,
    style: "yellow",
  }),
  "drift-found": ({ path, kind }) => drift(`found ${kind} ${printablePath(path)}`),
  "drift-reverted": ({ item, ms, note = "" }) =>
    drift(`put back ${item.kind} ${printablePath(item.path)} in ${ms} ms`, printablePath(note)),
  "drift-unreverted": ({ item, code, message }) => ({
    ...drift(`not put back ${item.kind} ${printablePath(item.path)}`, `${code}: ${message}`),
    style: "red",
  }),
  "drift-summed": (data) => drift(summedText(data), `among them ${data.paths.map(printablePath).join(", ")}`),
  alarm: ({ code, message }) => ({
    kind: "alarm",
    what: `alarm ${code}`,
    why: message,
    by: "",
    style: "red",
  }),
};

function drift(what: string, why = ""): Gist {
  return { kind: "drift", what, why, by: "" };
}

type ChangedOrder = NonNullable<Data["state-changed"]["order"]>;

/** A way back stands one rank above the head that it undoes: a panic, or a rollout that went back. */
function orderText({ id, local, ...place }: ChangedOrder, nameOf: GistContext["nameOf"]): string {
  if (local !== null) return `root on the node, ${local}`;
  const name = nameOf(id);
  if (name === undefined) return `order ${showPlace(place)}`;
  return place.rank > 0 && name.startsWith("head") ? `the way back from ${name}` : name;
}

function receiptGist(receipt: Data["receipt"]["receipt"], nameOf: GistContext["nameOf"]): Gist {
  try {
    const { document, state, current } = parsePayload(payloadOf(receipt, "receipt"), Receipt);
    const about = nameOf(document.id) ?? `${document.kind} ${shortDigest(document.id)}`;
    return {
      kind: "receipt",
      what: `receipt of ${about}: ${state}`,
      why: `runs ${shortPath(current)}`,
      by: "",
    };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return {
      kind: "receipt",
      what: "a receipt that cannot be read",
      why: error.message,
      by: "",
      style: "red",
    };
  }
}
