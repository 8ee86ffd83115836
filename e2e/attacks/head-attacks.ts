// SHELL. Heads that must not count: by their signatures, their place, their fleet and their time.
import type { ErrorCode } from "@chimera/proto/errors";
import { seal, sealBytes, type Envelope } from "@chimera/proto/signed/envelope";
import { atNode, byHttp, type Attempt } from "./attempt.ts";
import { nextHead, panicForNewest, signedHead, stranger } from "./make-documents.ts";
import { desiredKey, fleetOf, newestHead, type Scene } from "./scene.ts";

interface WrongHead {
  attack: string;
  code: ErrorCode;
  make: (scene: Scene) => Promise<unknown>;
  /** Where the controller finds another fault first. */
  httpCode?: ErrorCode;
  mayChange?: readonly string[];
}

/** Tried twice: sent to the controller, and written past it. */
export function wrongHead({ attack, code, make, httpCode = code, mayChange = [] }: WrongHead): Attempt[] {
  return [
    byHttp({
      attack,
      method: "PUT",
      shown: "/v1/head",
      body: async (scene) => ({
        envelope: await make(scene),
        expectedRevision: (await fleetOf(scene)).revision,
      }),
      code: httpCode,
    }),
    headAtNode({ attack, code, make, mayChange }),
  ];
}

/** What `make` gives is the value of the head's key. */
export function headAtNode({ attack, code, make, mayChange = [] }: Omit<WrongHead, "httpCode">): Attempt {
  return atNode({
    attack,
    how: "NATS `head`, past the controller",
    document: "head",
    code,
    act: async (scene) => scene.store.put(desiredKey(scene, "head"), await make(scene)),
    undo: async () => undefined,
    mayChange,
  });
}

export const signatureAttacks: readonly Attempt[] = [
  ...wrongHead({
    attack: "unsigned",
    code: "input-invalid",
    make: async (scene) => ({ ...(await signedHead(scene)), signatures: [] }),
  }),
  ...wrongHead({
    attack: "wrong key",
    code: "signature-invalid",
    make: async (scene) => seal("head", await nextHead(scene), [stranger()]),
  }),
  ...wrongHead({
    attack: "wrong key under the right name",
    code: "signature-invalid",
    make: async (scene) =>
      seal(
        "head",
        await nextHead(scene),
        scene.signers.publish.map(({ name }) => stranger(name)),
      ),
  }),
  ...wrongHead({
    attack: "right key of the wrong role",
    code: "signature-invalid",
    make: async (scene) => seal("head", await nextHead(scene), scene.signers.order),
  }),
  ...wrongHead({
    attack: "head signed by the panic key",
    code: "signature-invalid",
    make: async (scene) => seal("head", await nextHead(scene), scene.signers.panic),
  }),
  ...wrongHead({
    attack: "payload type of another kind",
    code: "signature-invalid",
    make: async (scene) => seal("panic", await panicForNewest(scene), scene.signers.panic),
  }),
  ...wrongHead({
    attack: "payload type changed after signing",
    code: "signature-invalid",
    make: async (scene) => ({
      ...seal("order", await nextHead(scene), scene.signers.publish),
      payloadType: "application/vnd.chimera.head.v1+json",
    }),
  }),
  ...wrongHead({
    attack: "trailing bytes in the payload",
    code: "signature-invalid",
    make: async (scene) => withPayload(await signedHead(scene), (text) => `${text} `),
  }),
  ...wrongHead({
    attack: "trailing bytes that are signed too",
    code: "input-invalid",
    make: async (scene) => {
      const text = `${JSON.stringify(await nextHead(scene))}{}`;
      return sealBytes("head", Buffer.from(text), scene.signers.publish);
    },
  }),
  ...wrongHead({
    attack: "non-canonical base64",
    code: "input-invalid",
    make: async (scene) => withSpareBits(await paddedHead(scene)),
  }),
];

export const placeAttacks: readonly Attempt[] = [
  ...wrongHead({
    attack: "lower serial",
    code: "order-stale",
    make: async (scene) => signedHead(scene, { serial: (await newestHead(scene)).head.serial - 1 }),
  }),
  ...wrongHead({
    attack: "serial + 10,001",
    code: "order-jump",
    make: async (scene) => signedHead(scene, { serial: (await newestHead(scene)).head.serial + 10_001 }),
  }),
  ...wrongHead({
    attack: "a higher epoch that root did not begin",
    code: "order-jump",
    make: async (scene) => signedHead(scene, { epoch: (await newestHead(scene)).head.epoch + 1 }),
  }),
  ...wrongHead({
    attack: "expired",
    code: "head-expired",
    make: async (scene) => signedHead(scene, { notAfter: "2020-01-01T00:00:00Z" }),
  }),
  ...wrongHead({
    attack: "other fleetId",
    code: "fleet-mismatch",
    make: async (scene) => signedHead(scene, { fleetId: "e".repeat(64) }),
  }),
  ...wrongHead({
    attack: "equal serial: two heads of one serial",
    code: "order-equivocation",
    make: async (scene) => {
      const { head } = await newestHead(scene);
      return seal("head", { ...head, reason: "another of the same place" }, scene.signers.publish);
    },
    // The node keeps the first, and remembers that there were two.
    mayChange: ["equivocation"],
  }),
];

function withPayload(envelope: Envelope, change: (text: string) => string): Envelope {
  const text = Buffer.from(envelope.payload, "base64").toString("utf8");
  return { ...envelope, payload: Buffer.from(change(text)).toString("base64") };
}

/** Of a length that is no multiple of three: its base 64 ends in a digit with bits to spare. */
async function paddedHead(scene: Scene): Promise<Envelope> {
  const tried = ["a", "ab", "abc"].map((reason) => signedHead(scene, { reason }));
  const padded = (await Promise.all(tried)).find(({ payload }) => payload.endsWith("="));
  if (padded === undefined) throw new Error("three lengths in a row are multiples of three");
  return padded;
}

/** Another text for the same bytes. */
function withSpareBits(envelope: Envelope): Envelope {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const { payload } = envelope;
  const end = payload.indexOf("=") - 1;
  const changed = digits.charAt(digits.indexOf(payload.charAt(end)) + 1);
  return { ...envelope, payload: `${payload.slice(0, end)}${changed}${payload.slice(end + 1)}` };
}
