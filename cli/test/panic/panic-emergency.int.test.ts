/** `chimera panic` as a process on the worst day: what breaks in its middle, here or there, neither stops it nor leaves it hanging. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort } from "../fixture/dev-controller.ts";
import { panicId, startPanicFleet, type PanicFleet } from "./panic-fleet.ts";

let fleet: PanicFleet;
let before: Server | null = null;
beforeEach(async () => {
  fleet = await startPanicFleet();
});
afterEach(async () => {
  before?.closeAllConnections();
  before?.close();
  before = null;
  await fleet.close();
});

/** Stands before the controller: false for a request that shall never be answered. */
async function standBefore(passes: (asked: string) => boolean | Promise<boolean>): Promise<void> {
  const port = await freePort();
  let controller = "";
  await fleet.changeConfig((text) =>
    text.replace(/^controller = "(http[^"]+)"/mu, (_, url: string) => {
      controller = url;
      return `controller = "http://127.0.0.1:${port}"`;
    }),
  );
  const server = createServer((asked, answer) => {
    const forward = async (): Promise<void> => {
      if (!(await passes(`${asked.method} ${asked.url}`))) return;
      const { method = "GET", headers } = asked;
      const on = request(`${controller}${asked.url}`, { method, headers }, (got: IncomingMessage) => {
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      });
      on.on("error", () => answer.destroy());
      asked.pipe(on);
    };
    void forward();
  });
  server.listen(port, "127.0.0.1");
  before = server;
}

const copies = () => join(fleet.home, ".local/state/chimera", fleet.fleetId);

test("a controller that hangs at the release costs 3 s: it goes over NATS, and the process ends", async () => {
  await standBefore((asked) => asked !== "PUT /v1/panic");
  const begun = performance.now();
  const running = fleet.chimera("panic", "--yes");
  await fleet.answerAll();
  const { code, err } = await running;
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("straight to NATS") });
  expect(err).toContain("released: head 2 is undone");
  expect(performance.now() - begun).toBeLessThan(12_000);
  expect((await fleet.view()).panic?.id).toBe(panicId(fleet.prepared));
});

test("a controller that hangs while the nodes are watched is left for NATS, and the process ends", async () => {
  await standBefore((asked) => !asked.startsWith("GET /v1/nodes"));
  const begun = performance.now();
  const running = fleet.chimera("panic", "--yes");
  await fleet.answerAll();
  const timer = setInterval(() => {
    for (const name of ["n1", "n2"]) fleet.goBack(name, panicId(fleet.prepared));
  }, 200);
  const { code, err } = await running;
  clearInterval(timer);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("straight to NATS") });
  expect(performance.now() - begun).toBeLessThan(14_000);
});

test("where another head is the newest by the time it changes its way, nothing is undone, nothing is called so, and the process ends", async () => {
  let isPublished = false;
  await standBefore(async (asked) => {
    if (asked !== "PUT /v1/panic") return true;
    if (!isPublished) await fleet.publishNext();
    isPublished = true;
    return false;
  });
  const { code, out, err } = await fleet.chimera("panic", "--yes");
  expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("head 0.3 is newer than 0.2") });
  expect(out + err).not.toContain("is undone");
  expect((await fleet.view()).panic).toBeNull();
});

test("neither a bogus key set in NATS nor damaged copies of this machine keep it from the good ones", async () => {
  await fleet.asController(async ({ nats }) => {
    // Well-formed and signed, and no key set that follows.
    nats.publish(subjects.keySet(fleet.fleetId, 2), JSON.stringify(fleet.prepared));
    await nats.flush();
  });
  const dry = await fleet.chimera("panic", "--over", "nats", "--dry-run");
  expect(dry).toMatchObject({ code: 0, err: expect.stringContaining("key set 2 in NATS does not count") });
  const damaged = (await readdir(copies())).filter((name) => /^(?:head|keys|panic-ready)\./u.test(name));
  expect(damaged.length).toBeGreaterThan(1);
  for (const name of damaged) await writeFile(join(copies(), name), "{");
  const { code, out, err } = await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow");
  expect({ code, out }, err).toEqual({ code: 0, out: "released: head 2 is undone" });
  for (const kind of ["head", "keys"]) {
    expect(err).toMatch(new RegExp(`going on without a copy of this machine: .*${kind}\\.`, "u"));
  }
  expect((await fleet.view()).panic?.id).toBe(panicId(fleet.prepared));
});

test("a full disk of this machine is told, and the nodes are watched all the same", async () => {
  const full = copies();
  await cp(full, `${full}.kept`, { recursive: true });
  await mkdir(full, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "chimera", full]);
  try {
    await cp(`${full}.kept`, full, { recursive: true });
    await writeFile(join(full, "rest"), Buffer.alloc(1 << 20)).catch(() => undefined);
    const running = fleet.chimera("panic", "--yes", "--over", "nats", "--out", join(full, "receipts.json"));
    await fleet.answerAll();
    const { code, out, err } = await running;
    expect({ code, out }, err).toEqual({ code: 66, out: expect.stringMatching(/n1 .*committed\nn2 /u) });
    expect(err).toMatch(
      /released: head 2 is undone\n(?:.*\n)*warning: this machine will not remember the panic/u,
    );
    expect(err).toContain("warning: the receipts are not saved");
    expect(err).toMatch(/2 of 2 acknowledged: [^]*2 of 2 active: /u);
    const again = await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow");
    expect(again, again.err).toMatchObject({ code: 0, err: expect.not.stringContaining("this is a bug") });
  } finally {
    execFileSync("umount", [full]);
  }
});
