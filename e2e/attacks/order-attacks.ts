// SHELL. Orders that must not be carried out: used, late, for somebody else, or by a key that may not give any.
import type { Signer } from "@chimera/proto/signed/keys";
import { createExchange } from "@chimera/proto/sessions/keyboard";
import { seal } from "@chimera/proto/signed/envelope";
import type { ErrorCode } from "@chimera/proto/errors";
import { OrderResult } from "@chimera/proto/api";
import { expect } from "vitest";
import { atNode, byHttp, byRequest, sendOrder, type Attempt } from "./attempt.ts";
import { orderFor, stranger, type Changes } from "./make-documents.ts";
import { desiredKey, stateOf, type Scene } from "./scene.ts";

interface WrongOrder {
  attack: string;
  code: ErrorCode;
  /** Where the controller finds another fault first. */
  httpCode?: ErrorCode;
  /** Where the node does. */
  nodeCode?: ErrorCode;
  changes: () => Changes;
}

const minuteAgo = () => new Date(Date.now() - 60_000).toISOString();
const signed = (scene: Scene, changes: Changes) =>
  seal("order", orderFor(scene, changes), scene.signers.order);

/** Sent to the controller, then straight to the node. */
function wrongOrder({ attack, code, httpCode = code, nodeCode = code, changes }: WrongOrder): Attempt[] {
  return [
    byHttp({
      attack,
      method: "POST",
      shown: "/v1/orders",
      body: async (scene) => ({ envelope: signed(scene, changes()) }),
      code: httpCode,
    }),
    byRequest({ attack, code: nodeCode, order: async (scene) => signed(scene, changes()) }),
  ];
}

const hold = () => ({
  kind: "hold",
  until: new Date(Date.now() + 3_600_000).toISOString(),
  drift: false,
  evenPanic: true,
});
const exec = {
  kind: "exec",
  argv: ["touch", "/root/owned"],
  copies: 1,
  output: "log",
  timeoutSeconds: 60,
  atOnce: null,
};
const keyboard = () => ({
  kind: "keyboard",
  session: "sentinel",
  run: "0123456789abcdef",
  half: createExchange().half,
  until: new Date(Date.now() + 3_600_000).toISOString(),
  take: true,
});
const quarantine = { kind: "quarantine", serial: 1, toplevels: [], pardoned: [] };

function holdBy(attack: string, signers: (scene: Scene) => readonly Signer[]): Attempt[] {
  const order = async (scene: Scene) => seal("order", orderFor(scene, { action: hold() }), signers(scene));
  const code = "signature-invalid";
  return [
    byHttp({
      attack,
      method: "POST",
      shown: "/v1/orders",
      body: async (scene) => ({ envelope: await order(scene) }),
      code,
    }),
    byRequest({ attack, code, order }),
  ];
}

/** Carried to the node again, since the controller cannot know whether the first time was lost on the way. */
const usedTwice: Attempt = {
  attack: "order used twice",
  how: "POST /v1/orders, again",
  run: async (scene) => {
    const envelope = signed(scene, {});
    const send = async () => OrderResult.parse((await scene.call("POST", "/v1/orders", { envelope })).json);
    expect((await send()).answers).toMatchObject([{ node: "n1", answer: { kind: "accepted" } }]);
    const before = await stateOf(scene);
    const code = "order-used";
    expect((await send()).answers).toMatchObject([{ node: "n1", answer: { kind: "refused", code } }]);
    expect(await stateOf(scene)).toEqual(before);
    return { outcome: "the node refuses, nothing has changed", reported: `n1 answers \`${code}\`` };
  },
};

export const orderAttacks: readonly Attempt[] = [
  ...wrongOrder({ attack: "order late", code: "order-expired", changes: () => ({ notAfter: minuteAgo() }) }),
  ...wrongOrder({
    attack: "order for another node",
    code: "order-misaddressed",
    httpCode: "node-unknown",
    changes: () => ({ nodes: ["n7"] }),
  }),
  ...wrongOrder({
    attack: "order of another fleet",
    code: "fleet-mismatch",
    changes: () => ({ fleetId: "e".repeat(64) }),
  }),
  usedTwice,
  byRequest({
    attack: "order used twice",
    code: "order-used",
    order: async (scene) => {
      const envelope = signed(scene, {});
      const first = await sendOrder(scene, envelope);
      if ("refused" in first) throw new Error(`the first time: ${JSON.stringify(first)}`);
      return envelope;
    },
  }),
  ...holdBy("order signed by the publish key", ({ signers }) => signers.publish),
  ...holdBy("order by a key that nobody trusts", () => [stranger()]),
  byRequest({
    attack: "command by the order key, on a node whose system allows none",
    code: "exec-forbidden",
    order: async (scene) => signed(scene, { action: exec }),
  }),
  byRequest({
    attack: "keyboard by the order key, on a node whose system allows none",
    code: "exec-forbidden",
    order: async (scene) => signed(scene, { action: keyboard() }),
  }),
  byRequest({
    attack: "command signed by the publish key",
    code: "signature-invalid",
    order: async (scene) => seal("order", orderFor(scene, { action: exec }), scene.signers.publish),
  }),
  ...wrongOrder({
    attack: "command in one text, as for a shell",
    code: "input-invalid",
    changes: () => ({ action: { ...exec, argv: "rm -rf /" } }),
  }),
  ...wrongOrder({
    attack: "keyboard of all nodes at once",
    code: "order-misaddressed",
    nodeCode: "exec-forbidden",
    changes: () => ({ nodes: "all", action: keyboard() }),
  }),
  byHttp({
    attack: "quarantine signed by the publish key",
    method: "PUT",
    shown: "/v1/quarantine",
    body: async (scene) => ({
      envelope: seal("order", orderFor(scene, { nodes: "all", action: quarantine }), scene.signers.publish),
    }),
    code: "signature-invalid",
  }),
  atNode({
    attack: "quarantine signed by the publish key",
    how: "NATS `quarantine`, past the controller",
    document: "order",
    code: "signature-invalid",
    act: async (scene) => {
      const order = orderFor(scene, { nodes: "all", action: quarantine });
      await scene.store.put(desiredKey(scene, "quarantine"), seal("order", order, scene.signers.publish));
    },
    undo: async (scene) => scene.store.erase(desiredKey(scene, "quarantine")),
  }),
];
