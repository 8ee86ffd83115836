// SHELL. One way of trying an attack, and what must come of it: refused, said so, nothing changed.
import { expect } from "vitest";
import type { AckMessage } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import type { DocumentName, NodeEvent } from "@chimera/proto/event";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { waitUntil } from "../lab/wait-until.ts";
import { newestHead, refusalsOf, restoreHead, stateOf, statusWhen, viewOf, type Scene } from "./scene.ts";

export interface Attempt {
  /** In the words. */
  attack: string;
  /** Where the attacker stands and what he does. */
  how: string;
  run(scene: Scene): Promise<Outcome>;
}

export interface Outcome {
  outcome: string;
  reported: string;
}

export interface HttpAttempt {
  attack: string;
  method: "PUT" | "POST";
  /** As the table shows it, when what is asked for is longer. */
  shown: string;
  path?: (scene: Scene) => Promise<string>;
  body: (scene: Scene) => Promise<unknown>;
  code: ErrorCode;
}

/** An operator's token and a wrong document: the controller stores nothing of it. */
export function byHttp({ attack, method, shown, path, body, code }: HttpAttempt): Attempt {
  return {
    attack,
    how: `${method} ${shown}`,
    run: async (scene) => {
      const before = await storedIn(scene);
      const target = path === undefined ? shown : await path(scene);
      const answer = await scene.call(method, target, await body(scene));
      expect(answer, JSON.stringify(answer.json)).toMatchObject({ code });
      expect(await storedIn(scene)).toEqual(before);
      return {
        outcome: "the controller refuses, nothing is stored",
        reported: `HTTP ${answer.status} \`${code}\``,
      };
    },
  };
}

export interface NodeAttempt {
  attack: string;
  how: string;
  document: DocumentName;
  code: ErrorCode;
  act: (scene: Scene) => Promise<void>;
  undo: (scene: Scene) => Promise<void>;
  /** Parts of what the node has accepted that the attack itself may change. */
  mayChange?: readonly string[];
  /** What may pass by itself is no refusal for ever: it stands in the node's status, as long as it lasts. */
  said?: "event" | "status";
}

const unsigned: ReadonlySet<ErrorCode> = new Set(["input-invalid", "signature-invalid", "fleet-mismatch"]);

/** Past the controller: the node alone stands in the way. */
export function atNode(attempt: NodeAttempt): Attempt {
  const { attack, how, document, code, act, undo, mayChange, said = "event" } = attempt;
  return {
    attack,
    how,
    run: async (scene) => {
      const before = await stateOf(scene, mayChange);
      const { envelope, id } = await newestHead(scene);
      const seen = new Set((await refusalsOf(scene)).map((event) => event.id));
      const problemBefore = (await viewOf(scene)).status?.problem?.at;
      try {
        await act(scene);
        const reported =
          said === "event"
            ? await waitRefusal(scene, { document, code, seen })
            : await waitProblem(scene, code, problemBefore);
        expect(await stateOf(scene, mayChange)).toEqual(before);
        // Operators go on seeing the head that counts, unless the publish role signed another.
        if (unsigned.has(code)) expect((await newestHead(scene)).id).toBe(id);
        return { outcome: "the node refuses, nothing has changed", reported };
      } finally {
        await undo(scene);
        if (document === "head" || document === "leaf") await restoreHead(scene, envelope);
      }
    },
  };
}

interface Expected {
  document: DocumentName;
  code: ErrorCode;
  seen: ReadonlySet<string>;
}

/** The event and the status both say it; answers how. */
async function waitRefusal(scene: Scene, { document, code, seen }: Expected): Promise<string> {
  let last: NodeEvent[] = [];
  const look = async () => {
    last = (await refusalsOf(scene)).filter((event) => !seen.has(event.id));
    return last
      .map(showRefusal)
      .find((one) => one.startsWith(`\`document-refused\` ${document} \`${code}\``));
  };
  try {
    return await waitUntil(`${document} refused as ${code}`, look, { timeoutMs: 20_000, everyMs: 100 });
  } catch (cause) {
    const { status } = await viewOf(scene);
    throw new Error(`events ${JSON.stringify(last)}, status ${JSON.stringify(status)}`, { cause });
  }
}

/** Words of the judgement of a document, where an alarm has the same code and is there anyway. */
const judged: Partial<Record<ErrorCode, string>> = { "freeze-suspected": "or its clock is ahead" };

/** In the status that the node signs. */
export async function waitProblem(
  scene: Scene,
  code: ErrorCode,
  before: string | undefined,
): Promise<string> {
  await statusWhen(
    scene,
    ({ problem }) =>
      problem?.code === code && problem.at !== before && problem.message.includes(judged[code] ?? ""),
  );
  return `status, problem \`${code}\``;
}

function showRefusal(event: NodeEvent): string {
  if (event.type !== "document-refused") return "";
  const { document, code, signedBy, claims } = event.data;
  const signed = signedBy.length === 0 ? "" : `, signed by ${signedBy.join(" and ")}`;
  const claimed = claims.length === 0 ? "" : `, it names ${claims.join(" and ")}`;
  return `\`document-refused\` ${document} \`${code}\`${signed}${claimed}`;
}

export interface OrderAttempt {
  attack: string;
  code: ErrorCode;
  order: (scene: Scene) => Promise<Envelope>;
}

/** The controller's credential lets its owner send to a node directly. */
export function byRequest({ attack, code, order }: OrderAttempt): Attempt {
  return {
    attack,
    how: "NATS message to `cmd.n1`",
    run: async (scene) => {
      const document = await order(scene);
      const before = await stateOf(scene);
      const seen = new Set((await refusalsOf(scene)).map((event) => event.id));
      const answer = await sendOrder(scene, document);
      expect(answer).toMatchObject({ refused: { code } });
      const reported = await waitRefusal(scene, { document: "order", code, seen });
      expect(await stateOf(scene)).toEqual(before);
      return { outcome: "the node refuses, nothing has changed", reported };
    },
  };
}

export function sendOrder({ store, node }: Scene, envelope: Envelope): Promise<AckMessage> {
  return store.order(node.name, envelope);
}

/** Revisions of all that is stored, but for the controller's own word of freshness. */
async function storedIn({ store }: Scene): Promise<Record<string, number>> {
  const revisions = Object.entries(await store.revisions());
  return Object.fromEntries(revisions.filter(([key]) => !key.startsWith("fresh.")));
}
