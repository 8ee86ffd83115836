/** Against what systemd 252 answered, byte for byte, and in its order: greeting first, calls afterwards. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askUnitFiles } from "./unit-files.ts";

/** Of a service that was loaded with a drop-in, which was written again afterwards. */
const recorded = Buffer.from(
  "T0sgYjk3ODI0YTliYTg1NDc5NWI5OWYwMmE0YTRhNWMyNzMNCmwCAQEpAAAAAQAAADcAAAAFAXUAAQAAAAcBcwAYAAAAb3JnLmZy" +
    "ZWVkZXNrdG9wLnN5c3RlbWQxAAAAAAAAAAAIAWcAAXYAAAFzAAAgAAAAL3J1bi9sYWItdW5pdHMvbGFiLWFwcC0xLnNlcnZpY2UA" +
    "bAIBATYAAAACAAAANwAAAAUBdQACAAAABwFzABgAAABvcmcuZnJlZWRlc2t0b3Auc3lzdGVtZDEAAAAAAAAAAAgBZwABdgAAAmFz" +
    "AC4AAAApAAAAL3J1bi9sYWItdW5pdHMvbGFiLWFwcC0xLnNlcnZpY2UuZC94LmNvbmYAbAIBAQgAAAADAAAANwAAAAUBdQADAAAA" +
    "BwFzABgAAABvcmcuZnJlZWRlc2t0b3Auc3lzdGVtZDEAAAAAAAAAAAgBZwABdgAAAWIAAAEAAAA=",
  "base64",
);
const greetingBytes = recorded.indexOf("\r\n") + 2;

let folder: string;
let socket: string;
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-units-"));
  socket = join(folder, "private");
});
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

async function serve(answers: Buffer): Promise<string[]> {
  const heard: string[] = [];
  server = createServer((client) => {
    client.on("error", () => undefined);
    client.once("data", (greeting) => {
      heard.push(greeting.toString("latin1"));
      client.once("data", () => client.write(answers));
      client.write(recorded.subarray(0, greetingBytes));
    });
  });
  server.listen(socket);
  await once(server, "listening");
  return heard;
}

test("files, drop-ins and whether they changed are read; no call is sent before the greeting is answered", async () => {
  const heard = await serve(recorded.subarray(greetingBytes));
  expect(await askUnitFiles(["lab-app-1.service"], socket)).toEqual([
    {
      name: "lab-app-1.service",
      fragment: "/run/lab-units/lab-app-1.service",
      dropIns: ["/run/lab-units/lab-app-1.service.d/x.conf"],
      needsReload: true,
    },
  ]);
  // systemd reads 256 bytes with it: a whole call in these would wait there for ever.
  expect(heard).toEqual([expect.stringMatching(/^\0AUTH EXTERNAL [0-9a-f]+\r\nBEGIN\r\n$/)]);
});

test("an answer of another type than the question's is none", async () => {
  const answers = Buffer.from(recorded.subarray(greetingBytes));
  answers.write("u", answers.lastIndexOf("\x01b\0") + 1, "latin1");
  await serve(answers);
  await expect(askUnitFiles(["lab-app-1.service"], socket)).rejects.toThrow("did not answer");
});

test("nobody is asked where there is nothing to ask", async () => {
  expect(await askUnitFiles([], socket)).toEqual([]);
});
