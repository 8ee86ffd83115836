import { expect, test } from "vitest";
import { generateNkey } from "./nkey.ts";
import { redact } from "./redact.ts";
import { generateKey } from "./signed/keys.ts";

const token = "chimera_Zq8Lw3Tn6Yb1Xc9Vd4Rf7Gh2Jk5Mp0Sa8Ui3Oe6W-_1";
const { seed, publicKey } = generateNkey();
const key = generateKey("ci");

test.each([
  ["a token in a path", `PUT /v1/nodes/${token}/build`, "PUT /v1/nodes/[secret]/build"],
  ["a join token", `chimera_join_${token.slice(8)}.`, "[secret]."],
  ["a seed", `file ${seed}`, "file [secret]"],
  ["a secret key", `no key: ${key.secret}`, "no key: ci:[secret]"],
  [
    "a password in an address",
    "nats at nats://anna:p4ss@hub:4222, tls://x@y",
    "nats at nats://[secret]@hub:4222, tls://[secret]@y",
  ],
  ["a header", "Authorization: Basic bml4OmFiY2RlZg==", "Authorization: Basic [secret]"],
  ["JSON that is none", parseError("SUAB2hunter2"), "Unexpected token 'S' in what is no JSON"],
])("hides %s", (_, text, shown) => {
  expect(redact(text)).toEqual(shown);
});

test.each([
  ["a public key", key.public],
  ["a public nkey", publicKey],
  [
    "the name of a metric",
    "chimera_http_request_duration_seconds_bucket chimera_key_set_expires_timestamp_seconds",
  ],
  ["an address", "https://hub.example:7070/v1/fleet?a=b@c nats://hub:4222"],
  ["a digest", "a".repeat(64)],
  ["a store path", "/nix/store/zl91akpk5cfs5wnyv0cn1lr3mgxm2dhr-nixos-system-n1-a"],
  ["who may come in", "a bearer token is due"],
  ["an author", "deploy by root@ws: mail anna@example.org"],
  ["where JSON ends", parseError('{"a":')],
])("leaves %s as it is", (_, text) => {
  expect(redact(text)).toBe(text);
});

function parseError(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

test("hides what stands in JSON that is none", () => {
  expect(redact(parseError('{"a": hunter2hunter2hunter2}'))).not.toContain("hunter2");
});
