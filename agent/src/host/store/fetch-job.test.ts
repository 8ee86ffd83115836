import { once } from "node:events";
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closureDigest, closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { Digest, StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLeaf } from "../../control/fleet-fixture.ts";
import { createFetchJob } from "./fetch-job.ts";

const patient = { timeout: 20_000, interval: 20 };
const signer = parseSecretKey(generateKey("n1").secret);
const head = (digit: string): Digest => Digest.parse(digit.repeat(64));

function closureOf(letter: string): { leaf: Leaf; list: string } {
  const path = StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${letter}`);
  const entries: ClosureEntry[] = [
    { path, narHash: `sha256-${"A".repeat(43)}=`, narSize: 1, references: [] },
  ];
  const leaf = createLeaf(signer, letter, {
    closure: closureDigest(entries),
    closureSize: closureSize(entries),
  });
  return { leaf, list: JSON.stringify({ v: 1, entries }) };
}

let folder: string;
let asked: { url: string; response: ServerResponse }[];
const server = createServer((request, response) => asked.push({ url: request.url ?? "", response }));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "chimera-fetch-"));
  asked = [];
  writeFileSync(join(folder, "token"), "t\n");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

test("a superseded fetch that is answered late leaves the newer order its root", async () => {
  const address = server.address();
  const port = address !== null && typeof address !== "string" ? address.port : 0;
  let ended = 0;
  const rootsDir = join(folder, "roots");
  const job = createFetchJob({
    controllerUrl: `http://127.0.0.1:${port}`,
    tokenFile: join(folder, "token"),
    trustedPublicKeys: [generateKey("cache").public],
    stateDir: folder,
    runtimeDir: folder,
    rootsDir,
    agent: { ownPath: null, configFile: join(folder, "agent.json") },
    reserveBytes: 0,
    onEnd: () => {
      ended += 1;
    },
  });
  const [older, newer] = [closureOf("a"), closureOf("b")];
  job.start(head("1"), older.leaf, null);
  await vi.waitFor(() => expect(asked).toHaveLength(1), patient);
  job.start(head("2"), newer.leaf, null);
  await vi.waitFor(() => expect(asked).toHaveLength(2), patient);
  const listOf = ({ url }: { url: string }) => (url.endsWith(older.leaf.closure) ? older.list : newer.list);
  const byAge = asked.toSorted((one) => (listOf(one) === newer.list ? -1 : 1));
  const [second, first] = byAge;
  second?.response.end(newer.list);
  await vi.waitFor(() => expect(readlinkSync(join(rootsDir, "wanted"))).toBe(newer.leaf.toplevel), patient);
  first?.response.end(older.list);
  await vi.waitFor(() => expect(ended).toBe(2), patient);
  expect(readlinkSync(join(rootsDir, "wanted"))).toBe(newer.leaf.toplevel);
  expect(job.fact()).toMatchObject({ head: head("2") });
});
