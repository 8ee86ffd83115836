import { expect, test } from "vitest";
import { findLeaks } from "./find-leaks.ts";

const value = "chimera_7Qf3a9cXw1-Zk_p0Lr4Ty8Uv2Bn6Md5Ge0Hj1Ks";
const secrets = [
  { name: "token", value },
  { name: "word", value: "hunter2-planted" },
];

test.each([
  ["whole", `the token ${value} was refused`],
  ["its end, cut off", `…${value.slice(-20)}`],
  ["its middle", value.slice(9, 26)],
  ["in base64, as Nix's netrc sends it", Buffer.from(`nix:${value}`).toString("base64")],
  ["in base64, one byte later", Buffer.from(`user:${value}`).toString("base64")],
  ["in base64, two bytes later", Buffer.from(`user1:${value}`).toString("base64url")],
  ["in hex", Buffer.from(value).toString("hex")],
  ["between bytes that are no text", `\u0000\ufffd${value}\u0000`],
])("finds a token %s", (_, text) => {
  expect(findLeaks(secrets, [{ from: "stderr", text }])).toEqual(["token in stderr"]);
});

test("finds a short one only whole, and names each place once", () => {
  const heard = [
    { from: "a", text: "hunter2-planted hunter2-planted" },
    { from: "b", text: "hunter2-plante" },
  ];
  expect(findLeaks(secrets, heard)).toEqual(["word in a"]);
});

test("what looks alike and is no secret is none", () => {
  const text = "chimera_http_request_duration_seconds_bucket chimera_7Qf3a";
  expect(findLeaks(secrets, [{ from: "metrics", text }])).toEqual([]);
});
