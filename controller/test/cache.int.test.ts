import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { nixBase32 } from "@chimera/proto/nix/nix-base32";
import { eventually } from "./fixture/nats-server.ts";
import { makeStoreObject, sha256 } from "./fixture/store-object.ts";
import { useCacheFleet } from "./fixture/use-fleet.ts";

const { fleet, put, files } = useCacheFleet();

test("gives back what was put, to a node by Bearer and to Nix by Basic, as immutable", async () => {
  const object = makeStoreObject("hello");
  expect((await put(object.narFile, object.file)).status).toBe(201);
  expect((await put(`${object.hash}.narinfo`, object.narinfo)).status).toBe(201);
  const info = await fleet().call(`/cache/${object.hash}.narinfo`, { role: "n1" });
  expect(info.text).toBe(object.narinfo);
  expect(info.headers.get("cache-control")).toContain("immutable");
  const basic = Buffer.from(`nix:${fleet().tokens.get("n1") ?? ""}`).toString("base64");
  const nar = await fetch(`${fleet().url}/cache/${object.narFile}`, {
    headers: { Authorization: `Basic ${basic}` },
  });
  expect(Buffer.from(await nar.arrayBuffer()).equals(object.file)).toBe(true);
  expect(nar.headers.get("content-length")).toBe(String(object.file.length));
});

test("answers HEAD like GET without a body, a range, a known tag, and 404 in plain text", async () => {
  const object = makeStoreObject("parts");
  await put(object.narFile, object.file);
  const head = await fleet().call(`/cache/${object.narFile}`, { method: "HEAD" });
  expect([head.status, head.text, head.headers.get("content-length")]).toEqual([
    200,
    "",
    String(object.file.length),
  ]);
  const range = await fleet().call(`/cache/${object.narFile}`, { headers: { Range: "bytes=2-5" } });
  expect([range.status, range.headers.get("content-range")]).toEqual([
    206,
    `bytes 2-5/${object.file.length}`,
  ]);
  const beyond = await fleet().call(`/cache/${object.narFile}`, { headers: { Range: "bytes=99999999-" } });
  expect(beyond.status).toBe(416);
  const tag = head.headers.get("etag") ?? "";
  expect((await fleet().call(`/cache/${object.narFile}`, { headers: { "If-None-Match": tag } })).status).toBe(
    304,
  );
  const missing = await fleet().call(`/cache/${"0".repeat(32)}.narinfo`);
  expect([missing.status, missing.headers.get("content-type")]).toEqual([404, "text/plain"]);
});

test("refuses a NAR whose content is not what its name says, and keeps nothing", async () => {
  const object = makeStoreObject("forged");
  const answer = await put(object.narFile, Buffer.concat([object.file, Buffer.from("x")]));
  expect(answer.json()).toMatchObject({ status: 422, code: "hash-mismatch" });
  expect(files("nar")).not.toContain(object.narFile.slice(4));
  expect(files("tmp")).toEqual([]);
});

test.each([
  [
    "NarHash",
    (text: string) =>
      text.replace(/NarHash: sha256:./, (hash) => `${hash.slice(0, -1)}${hash.endsWith("1") ? "0" : "1"}`),
  ],
  ["NarSize", (text: string) => text.replace(/NarSize: .*/, "NarSize: 65537")],
  ["NarSize", (text: string) => text.replace(/NarSize: .*/, "NarSize: 100")],
  ["FileHash", (text: string) => text.replace(/FileHash: .*/, `FileHash: sha256:${"0".repeat(52)}`)],
  ["FileSize", (text: string) => text.replace(/FileSize: .*/, "FileSize: 70000")],
  ["URL", (text: string) => text.replace(/URL: .*/, `URL: nar/${"1".repeat(52)}.nar.zst`)],
])("refuses a narinfo whose %s does not fit its NAR, and publishes nothing", async (field, change) => {
  const object = makeStoreObject("lie");
  await put(object.narFile, object.file);
  const answer = await put(`${object.hash}.narinfo`, change(object.narinfo));
  expect(answer.json()).toMatchObject({
    status: 422,
    code: "hash-mismatch",
    detail: expect.stringContaining(field),
  });
  expect((await fleet().call(`/cache/${object.hash}.narinfo`)).status).toBe(404);
});

test("refuses a narinfo before its NAR, without signature, for another path, and with xz", async () => {
  const object = makeStoreObject("early");
  const early = await put(`${object.hash}.narinfo`, object.narinfo);
  expect(early.json()).toMatchObject({
    code: "hash-mismatch",
    detail: expect.stringContaining("was not uploaded"),
  });
  await put(object.narFile, object.file);
  const unsigned = await put(`${object.hash}.narinfo`, object.narinfo.replace(/Sig: .*\n/, ""));
  expect(unsigned.json()).toMatchObject({ status: 422, detail: expect.stringContaining("Sig") });
  const other = await put(`${"0".repeat(32)}.narinfo`, object.narinfo);
  expect(other.json()).toMatchObject({ status: 422, detail: expect.stringContaining("StorePath") });
  const xz = await put(object.narFile.replace(".zst", ".xz"), object.file);
  expect(xz.json()).toMatchObject({ status: 422, detail: expect.stringContaining("compression=zstd") });
});

test("stops unpacking a bomb at the size that its narinfo claims", async () => {
  const bomb = zstdCompressSync(Buffer.alloc(256 << 20));
  const object = makeStoreObject("bomb");
  const narFile = `nar/${nixBase32(sha256(bomb))}.nar.zst`;
  expect((await put(narFile, bomb)).status).toBe(201);
  const text = object.narinfo
    .replace(/URL: .*/, `URL: ${narFile}`)
    .replace(/FileHash: .*/, `FileHash: sha256:${nixBase32(sha256(bomb))}`)
    .replace(/FileSize: .*/, `FileSize: ${bomb.length}`);
  const answer = await put(`${object.hash}.narinfo`, text);
  expect(answer.json()).toMatchObject({ code: "hash-mismatch", detail: expect.stringContaining("NarSize") });
});

test("keeps a published narinfo: the same again is 200, other content is 409 and changes nothing", async () => {
  const object = makeStoreObject("fixed");
  await put(object.narFile, object.file);
  expect((await put(`${object.hash}.narinfo`, object.narinfo)).status).toBe(201);
  expect((await put(`${object.hash}.narinfo`, object.narinfo)).status).toBe(200);
  expect((await put(object.narFile, object.file)).status).toBe(200);
  const other = await put(`${object.hash}.narinfo`, `${object.narinfo}Deriver: x.drv\n`);
  expect(other.json()).toMatchObject({ status: 409, code: "content-conflict" });
  expect((await fleet().call(`/cache/${object.hash}.narinfo`)).text).toBe(object.narinfo);
});

test("leaves nothing of a NAR whose connection is cut half-way", async () => {
  const object = makeStoreObject("half", 1 << 20);
  const socket = connect(fleet().config.listen.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `PUT /cache/${object.narFile} HTTP/1.1\r\nHost: x\r\nContent-Length: ${object.file.length}\r\n` +
      `Authorization: Bearer ${fleet().tokens.get("cache-writer") ?? ""}\r\n\r\n`,
  );
  socket.write(object.file.subarray(0, 500_000));
  await eventually("upload begun", () => files("tmp").length === 1);
  socket.destroy();
  await eventually("half upload removed", () => files("tmp").length === 0);
  expect(files("nar")).not.toContain(object.narFile.slice(4));
});

test("refuses an oversized body by its declared and by its real length", async () => {
  const name = `nar/${"0".repeat(52)}.nar`;
  const declared = await put(name, Buffer.alloc((4 << 20) + 1));
  expect(declared.json()).toMatchObject({ status: 413, code: "body-too-large" });
  const status = await new Promise<number>((resolve, reject) => {
    const upload = request(`${fleet().url}/cache/${name}`, {
      method: "PUT",
      headers: {
        Authorization: `Bearer ${fleet().tokens.get("cache-writer") ?? ""}`,
        "Transfer-Encoding": "chunked",
      },
    });
    upload.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    upload.on("error", reject);
    for (let i = 0; i < 5; i += 1) upload.write(Buffer.alloc(1 << 20));
    upload.end();
  });
  expect(status).toBe(413);
  expect(files("tmp")).toEqual([]);
});

test.each([
  "nar/..%2f..%2fetc%2fpasswd",
  "nar/%2e%2e%2f%2e%2e%2fcontroller.json",
  "..%2fcontroller.json",
  "%2e%2e/tokens.json",
  "nar/%00.nar",
  "closure/..%2f..%2ftokens.json",
  "tmp/x",
  "worlds/x.json",
])("serves and takes nothing outside its legal names: %s", async (path) => {
  const read = await fleet().call(`/cache/${path}`);
  expect(read.status).toBe(404);
  const write = await put(path, "x");
  expect([404, 422]).toContain(write.status);
});

test("asks every reader and writer for a token of the right role", async () => {
  const object = makeStoreObject("roles");
  const path = `/cache/${object.narFile}`;
  expect((await fetch(`${fleet().url}${path}`)).status).toBe(401);
  expect((await fleet().call(path, { token: "chimera_wrong" })).json()).toMatchObject({
    code: "token-invalid",
  });
  expect((await fleet().call(path, { role: "enroll" })).json()).toMatchObject({ code: "role-forbidden" });
  for (const role of ["viewer", "n1", "enroll"]) {
    expect((await put(object.narFile, object.file, role)).json()).toMatchObject({
      status: 403,
      code: "role-forbidden",
    });
  }
  for (const role of ["viewer", "operator", "admin", "cache-writer", "n1"]) {
    expect((await fleet().call("/cache/nix-cache-info", { role })).text).toContain("StoreDir: /nix/store");
  }
});
