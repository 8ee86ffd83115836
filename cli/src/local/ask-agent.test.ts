/** Answers that an agent may give, and those that no agent gives. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { statusOf } from "../print/local/local-fixture.ts";
import { askAgent } from "./ask-agent.ts";

let folder: string;
let server: Server | null;
const clients = new Set<Socket>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-ask-"));
  server = null;
});
afterEach(() => {
  for (const client of clients) client.destroy();
  clients.clear();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const socket = () => join(folder, "agent.sock");

async function serve(onClient: (client: Socket) => void): Promise<void> {
  const listening = createServer((client) => {
    clients.add(client);
    client.on("error", () => undefined);
    onClient(client);
  });
  server = listening;
  await new Promise<void>((resolve) => void listening.listen(socket(), resolve));
}

const ask = (changes: { signal?: AbortSignal; patienceMs?: number } = {}) =>
  askAgent({
    socket: socket(),
    request: { v: 1, command: "status" },
    signal: new AbortController().signal,
    patienceMs: 2_000,
    ...changes,
  });

const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const good = line({ v: 1, ok: true, outcome: "shown", status: statusOf() });

test("one line is asked, one answered", async () => {
  const asked: string[] = [];
  await serve((client) => {
    client.on("data", (data: Buffer) => {
      asked.push(data.toString("utf8"));
      client.end(good);
    });
  });
  expect(await ask()).toMatchObject({ kind: "answer", answer: { outcome: "shown", status: { node: "n1" } } });
  expect(asked).toEqual(['{"v":1,"command":"status"}\n']);
});

test("an answer in pieces is one answer", async () => {
  await serve((client) => {
    client.write(good.slice(0, 10));
    setImmediate(() => client.end(good.slice(10)));
  });
  expect(await ask()).toMatchObject({ kind: "answer" });
});

test("a refusal is thrown with its code, and one of a newer agent with its words", async () => {
  const refusals = [
    { code: "quarantined", message: "it is in quarantine" },
    { code: "moon-phase", message: "full" },
  ];
  await serve((client) => client.end(line({ v: 1, ok: false, error: refusals.shift() })));
  await expect(ask()).rejects.toMatchObject({ code: "quarantined", message: "it is in quarantine" });
  await expect(ask()).rejects.toMatchObject({ code: "tool-failed", message: "moon-phase: full" });
});

test.each([
  ["no JSON", "hello\n"],
  ["another version", line({ v: 2, ok: true })],
  ["a state that is no word", good.replace('"state":"committed"', '"state":"red\\u001b[31m"')],
])("%s is an answer that is not understood", async (_, text) => {
  await serve((client) => client.end(text));
  await expect(ask()).rejects.toMatchObject({ code: "state-invalid" });
});

test("a state word of a newer agent's is shown as it is", async () => {
  await serve((client) => client.end(good.replace('"state":"committed"', '"state":"levitating"')));
  expect(await ask()).toMatchObject({ answer: { status: { state: "levitating" } } });
});

test("nobody at the socket: nothing was taken", async () => {
  expect(await ask()).toMatchObject({ kind: "absent" });
  writeFileSync(socket(), "");
  expect(await ask()).toMatchObject({ kind: "absent" });
});

test.each<[string, (client: Socket) => void]>([
  ["ends at once", (client) => client.end()],
  ["ends in the middle of its line", (client) => client.end(good.slice(0, -5))],
  ["breaks the connection", (client) => client.destroy()],
  [
    "sends without end",
    (client) => {
      const more = () => {
        while (client.writable && client.write("x".repeat(1 << 16))) continue;
      };
      client.on("drain", more);
      more();
    },
  ],
])("an agent that %s may have taken the order", async (_, onClient) => {
  await serve(onClient);
  expect(await ask()).toMatchObject({ kind: "lost" });
});

test("one that hangs is waited for as long as was said", async () => {
  await serve((client) => client.resume());
  expect(await ask({ patienceMs: 400 })).toMatchObject({
    kind: "lost",
    reason: expect.stringMatching(/in time/u),
  });
});

test("Ctrl-C ends the wait", async () => {
  await serve((client) => client.resume());
  const stop = new AbortController();
  const asked = ask({ signal: stop.signal });
  stop.abort("SIGINT");
  await expect(asked).rejects.toBe("SIGINT");
});
