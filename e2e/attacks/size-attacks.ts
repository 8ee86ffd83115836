// SHELL. Documents that would fill a memory or a stack instead of being read.
import { expect } from "vitest";
import { seal, sealBytes } from "@chimera/proto/signed/envelope";
import { byHttp, type Attempt } from "./attempt.ts";
import { headAtNode, wrongHead } from "./head-attacks.ts";
import { nextHead } from "./make-documents.ts";
import { desiredKey, stateOf } from "./scene.ts";

const hundredMegabytes = 100 * 1024 * 1024;
const deep = "[".repeat(200_000) + "]".repeat(200_000);

export const sizeAttacks: readonly Attempt[] = [
  byHttp({
    attack: "100 MB document",
    method: "PUT",
    shown: "/v1/worlds/{id}",
    path: async () => `/v1/worlds/${"0".repeat(64)}`,
    body: async () => Buffer.alloc(hundredMegabytes, " "),
    code: "body-too-large",
  }),
  {
    attack: "100 MB document",
    how: "NATS `head`, past the controller",
    run: async (scene) => {
      const before = await stateOf(scene);
      const key = desiredKey(scene, "head");
      await expect(scene.store.put(key, Buffer.alloc(hundredMegabytes, " "))).rejects.toThrow(
        /MAX_PAYLOAD_EXCEEDED/,
      );
      expect(await stateOf(scene)).toEqual(before);
      return { outcome: "nats-server takes no message above 2 MiB", reported: "to its writer" };
    },
  },
  headAtNode({
    attack: "2 MB that are no document",
    code: "input-invalid",
    make: async () => Buffer.alloc(2_000_000, "x"),
  }),
  headAtNode({
    attack: "no document at all",
    code: "input-invalid",
    make: async () => "garbage \u001b[2J",
  }),
  byHttp({
    attack: "deep JSON",
    method: "PUT",
    shown: "/v1/head",
    body: async () => Buffer.from(deep),
    code: "input-invalid",
  }),
  headAtNode({ attack: "deep JSON", code: "input-invalid", make: async () => Buffer.from(deep) }),
  ...wrongHead({
    attack: "deep JSON that is signed",
    code: "input-invalid",
    make: async (scene) => {
      const head = JSON.stringify(await nextHead(scene, { policy: "deep" }));
      const text = head.replace('"deep"', "[".repeat(5000) + "]".repeat(5000));
      return sealBytes("head", Buffer.from(text), scene.signers.publish);
    },
  }),
  headAtNode({
    attack: "trailing bytes after the envelope",
    code: "input-invalid",
    make: async (scene) => {
      const envelope = seal("head", await nextHead(scene), scene.signers.publish);
      return Buffer.from(`${JSON.stringify(envelope)}{}`);
    },
  }),
];
