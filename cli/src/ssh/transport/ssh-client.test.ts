import { createServer } from "node:net";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { privateFolder } from "./ssh-client.ts";

const used = (folder: string) => privateFolder({ env: { XDG_RUNTIME_DIR: folder } });
/** As long as ssh makes the name of a socket: %C has 40 digits, and it is made under a longer name first. */
const socketName = `${"c".repeat(40)}.${"x".repeat(16)}`;
let root: string | undefined;
afterEach(async () => {
  if (root !== undefined) await rm(root, { recursive: true, force: true });
  root = undefined;
});

/** The longest folder that is still used. */
function longest(begin: string): string {
  let folder = begin;
  while (used(`${folder}x`) !== "/tmp") folder += "x";
  return folder;
}

test("in the longest runtime folder that is used the kernel takes ssh's socket, and one byte more would be too long", async () => {
  root = await mkdtemp("/tmp/chimera-socket-");
  const base = longest(`${root}/`);
  await mkdir(base);
  const folder = await mkdtemp(join(base, "chimera-"));
  const path = join(folder, socketName);
  const server = createServer().listen(path);
  await once(server, "listening");
  server.close();
  expect(path.length).toBe(107);
});

test.for([
  ["", "/tmp"],
  ["run/user/0", "/tmp"],
  ["/run/user/%u", "/tmp"],
  ["/run/user/a b", "/tmp"],
  [`/run/${"a".repeat(100)}`, "/tmp"],
  ["/run/user/1000", "/run/user/1000"],
])("a runtime folder %j gives %s", ([folder = "", expected]) => expect(used(folder)).toBe(expected));
