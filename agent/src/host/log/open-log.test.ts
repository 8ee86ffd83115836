import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { expect, test, vi } from "vitest";
import { logFailure } from "./open-log.ts";

test("what ends the agent is in the journal with its cause, not only in a pane that is soon gone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chimera-log-"));
  const socket = join(folder, "stdout");
  let heard = "";
  const server = createServer((stream) => stream.on("data", (chunk) => (heard += chunk.toString())));
  server.listen(socket);
  await once(server, "listening");
  const cause = new Error("Unrecognized key");
  await logFailure(new ChimeraError("input-invalid", "agent.json", { cause }), socket);
  await vi.waitFor(() => expect(heard).toContain("agent.json: Unrecognized key"), { timeout: 5_000 });
  expect(heard).toMatch(/<3>\{.*"msg":"agent failed"/);
  server.close();
  rmSync(folder, { recursive: true });
});
