/** Who may write, and how much: the same for every door. Worlds and closure lists that are not what their name says. */
import { request } from "node:http";
import { ClosureEntry, closureDigest } from "@chimera/proto/signed/closure";
import { worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { getFleet } from "../fixture/documents.ts";
import type { TestFleet } from "../fixture/test-fleet.ts";
import { usePublished } from "../fixture/use-published.ts";

const { fleet, published } = usePublished();

test("refuses worlds with unsorted or duplicate names, and closure lists with one hash changed", async () => {
  const { leaves } = published();
  const reversed = leaves.toReversed();
  const path = `/v1/worlds/${worldId(leaves)}`;
  for (const wrong of [reversed, [leaves[0], leaves[0]]]) {
    const answer = await fleet().call(path, { method: "PUT", body: { v: 1, leaves: wrong } });
    expect(answer.json()).toMatchObject({ status: 422 });
  }
  const entry = ClosureEntry.parse({
    path: leaves[0]?.toplevel,
    narHash: `sha256-${"A".repeat(43)}=`,
    narSize: 1,
    references: [],
  });
  const changed = { ...entry, narHash: `sha256-${"B".repeat(43)}=` };
  const digest = closureDigest([entry]);
  const body = { v: 1, entries: [changed] };
  const answer = await fleet().call(`/cache/closure/${digest}`, { method: "PUT", body });
  expect(answer.json()).toMatchObject({ code: "hash-mismatch" });
});

test.each([
  "/v1/head",
  "/v1/keys",
  "/v1/panic",
  "/v1/panic/ready",
  "/v1/quarantine",
  "/v1/orders",
  `/v1/proposals/${"a".repeat(64)}`,
])(
  "takes nothing at %s from a viewer, a node or a cache writer, nothing of 100 MB and nothing deep",
  async (path) => {
    const method = path === "/v1/orders" ? "POST" : "PUT";
    for (const role of ["viewer", "n1", "cache-writer", "enroll"]) {
      expect((await fleet().call(path, { method, role, body: {} })).json()).toMatchObject({
        code: "role-forbidden",
      });
    }
    const deep = Buffer.from(`{"envelope":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
    expect((await fleet().call(path, { method, body: deep })).status).toBe(422);
    expect(await declare(fleet(), path, method)).toBe(413);
    expect(
      (await fleet().call(path, { method, body: {}, headers: { "Content-Type": "text/plain" } })).status,
    ).toBe(415);
    expect((await getFleet(fleet())).head.id).toBe(published().newest.id);
  },
);

/** Says 100 MB and sends as many as are taken. */
function declare({ url, tokens }: TestFleet, path: string, method: string): Promise<number> {
  const headers = {
    Authorization: `Bearer ${tokens.get("operator") ?? ""}`,
    "Content-Type": "application/json",
  };
  return new Promise((resolve, reject) => {
    const sending = request(`${url}${path}`, {
      method,
      headers: { ...headers, "Content-Length": 100 << 20 },
    });
    sending.on("response", (answer) => {
      resolve(answer.statusCode ?? 0);
      sending.destroy();
    });
    sending.on("error", reject);
    sending.write("{");
  });
}
