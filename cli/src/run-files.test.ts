/** Bad files and bad answers: what is said, the exit code, and that nothing was sent. */
import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createApiClient } from "./api/api-client.ts";
import { currentContext } from "./context/current-context.ts";
import { createOperator, testIo } from "../test/fixture/operator.ts";
import { useOperator } from "../test/fixture/use-operator.ts";

const { operator, outcome, refusal } = useOperator();

describe("files", () => {
  test("a missing token file is named and nobody is asked", async () => {
    await withConfig(
      (text) => text.replace("/token", "/no-such-token"),
      async () => {
        expect(await outcome(["status"])).toEqual(refusal(66, /token file .*no-such-token/u));
      },
    );
    expect(operator().server.requests).toEqual([]);
  });
  test("a missing publish key is named before anything is done", async () => {
    await withConfig(
      (text) => text.replace("publish.key", "gone.key"),
      async () => {
        expect(await outcome(["rollback"])).toEqual(refusal(66, /publish key file .*gone\.key/u));
      },
    );
    expect(operator().server.requests).toEqual([]);
  });
  test("a secret that others can read is refused with the remedy", async () => {
    const key = join(operator().folder, "publish.key");
    await chmod(key, 0o640);
    expect(await outcome(["rollback"])).toEqual(refusal(66, /mode 640\): chmod 600 .*publish\.key/u));
    await chmod(key, 0o600);
  });
  test("a damaged key is refused without any of it in the message", async () => {
    const key = join(operator().folder, "publish.key");
    const text = await readFile(key, "utf8");
    await writeFile(key, text.slice(0, -10));
    const { code, err } = await operator().call(["rollback"]);
    await writeFile(key, text);
    expect(code).toBe(65);
    expect(err).toContain("publish.key");
    expect(err).not.toContain(text.slice(20, 40));
  });
  test("an unknown key of the configuration is named", async () => {
    await withConfig(
      (text) => text.replace("tokenFile", "tokenfile"),
      async () => {
        expect(await outcome(["status"])).toEqual(refusal(78, /config\.toml: contexts\.lab: .*"tokenfile"/u));
      },
    );
  });
  test("a configuration that is no TOML names the file", async () => {
    await withConfig(
      () => "current = ",
      async () => {
        expect(await outcome(["status"])).toEqual(refusal(78, /config\.toml is not TOML/u));
      },
    );
  });
  test("a context that does not exist is refused with those that do", async () => {
    expect(await outcome(["status", "-c", "prod"])).toEqual(
      refusal(78, /no context "prod" \(it has: lab\)/u),
    );
  });
  test("init overwrites neither a context nor a folder, and makes 0600 files", async () => {
    const args = ["init", "--controller", "http://hub:7070", "--name"];
    expect(await outcome([...args, "lab"])).toEqual(refusal(64, /context "lab" exists/u));
    const full = join(operator().home, "full");
    await mkdir(full);
    expect(await outcome([...args, "other", "--dir", full])).toEqual(refusal(64, /full exists/u));
    expect(await readdir(full)).toEqual([]);
    for (const name of ["root", "publish", "panic", "order", "cache"]) {
      expect((await stat(join(operator().folder, `${name}.key`))).mode & 0o777).toBe(0o600);
    }
  });
  test("an address with a password in it is refused before it is shown anywhere", async () => {
    const args = ["init", "--name", "other", "--controller", "http://ops:hunter2@hub:7070"];
    const { code, err, out } = await operator().call(args);
    expect({ code, err }).toEqual({ code: 64, err: expect.stringMatching(/--controller: .*tokenFile/u) });
    expect(out + err).not.toContain("hunter2");
  });
  test("an empty or relative XDG folder counts as not set: no configuration comes from where one stands", async () => {
    for (const folder of ["", ".", "evil"]) {
      const env = { HOME: operator().home, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
      const { code, out } = await operator().call(["context", "show"], { env, cwd: operator().folder });
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("name = lab") });
    }
  });
  test("keys generate leaves no secret beside another key's public half", async () => {
    await writeFile(join(operator().folder, "half.pub"), "other:AAAA\n");
    expect(await outcome(["keys", "generate", "half", "--dir", operator().folder])).toEqual(
      refusal(66, /half\.pub: nothing is overwritten/u),
    );
    expect(await readdir(operator().folder)).not.toContain("half.key");
  });
  test("keys generate never overwrites a key", async () => {
    const args = ["keys", "generate", "extra", "--dir", operator().folder];
    expect((await operator().call(args)).code).toBe(0);
    const before = await readFile(join(operator().folder, "extra.key"), "utf8");
    expect(await outcome(args)).toEqual(refusal(66, /extra\.key: nothing is overwritten/u));
    expect(await readFile(join(operator().folder, "extra.key"), "utf8")).toBe(before);
  });
  test("keys list shows public halves, and an open key with the remedy instead", async () => {
    const key = join(operator().folder, "order.key");
    await chmod(key, 0o604);
    const { out, err, code } = await operator().call(["keys", "list"]);
    await chmod(key, 0o600);
    expect(code).toBe(66);
    expect(err).toContain(`chmod 600 ${key}`);
    expect(out).toMatch(/publish\.key +publish +0600 +lab-publish:/u);
    expect(out).not.toContain((await readFile(join(operator().folder, "root.key"), "utf8")).slice(10, 60));
  });
});

describe("the controller", () => {
  test("a wrong token is the server's own refusal and exit 77", async () => {
    await writeFile(operator().tokenFile, "wrong-token-9876543210");
    expect(await outcome(["rollback"])).toEqual(refusal(77, /token is unknown.*\[token-invalid\]/u));
    await writeFile(operator().tokenFile, "test-token-0123456789");
  });
  test("a controller that is away exits 69 after a few tries", async () => {
    await withConfig(
      (text) => text.replace(/:\d+"/u, ':1"'),
      async () => {
        expect(await outcome(["status"])).toEqual(refusal(69, /ECONNREFUSED|server-unreachable/u));
      },
    );
  });
  test("a 503 of a GET is asked again", async () => {
    let failures = 2;
    operator().server.intercept = (_, response) => {
      failures -= 1;
      if (failures < 0) return false;
      response.writeHead(503).end();
      return true;
    };
    expect((await operator().call(["history"])).code).toBe(0);
  });
  test("a connection that breaks under a PUT is tried again", async () => {
    const server = await createOperator();
    let broken = 0;
    server.server.intercept = (request) => {
      if (request.method !== "PUT" || broken > 0) return false;
      broken += 1;
      request.socket.destroy();
      return true;
    };
    const { io } = testIo(server.home);
    const api = await createApiClient(io, await currentContext(io, undefined));
    await api.putClosure("ab".repeat(32), { v: 1, entries: [] });
    expect(broken).toBe(1);
    await server.close();
  });
  test("an answer of another shape is refused by name", async () => {
    operator().server.intercept = (_, response) => {
      response.end('{"fleetId":7}');
      return true;
    };
    expect(await outcome(["status"])).toEqual(refusal(65, /the answer is not what this CLI knows/u));
  });
  test("a redirect does not carry the token away", async () => {
    operator().server.intercept = (_, response) => {
      response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
      return true;
    };
    expect(await outcome(["history"])).toEqual(refusal(69, /redirect/u));
  });
  test("escape sequences in a problem document do not reach the terminal", async () => {
    operator().server.intercept = (_, response) => {
      const detail = "no \u001b]52;c;ZXZpbA==\u0007\u001b[2Jclipboard";
      response
        .writeHead(422)
        .end(JSON.stringify({ type: "x", title: "x", status: 422, code: "usage", detail }));
      return true;
    };
    const { err, code } = await operator().call(["history"]);
    expect(code).toBe(64);
    expect(err).toContain("no clipboard");
    expect(err).not.toContain("\u001b");
  });
  test("another fleet than the context's is refused", async () => {
    await withConfig(
      (text) => text.replace(operator().fleetId, "ab".repeat(32)),
      async () => {
        expect(await outcome(["status"])).toEqual(refusal(65, /serves fleet .*the context is for/u));
      },
    );
  });
});

async function withConfig(change: (text: string) => string, work: () => Promise<void>): Promise<void> {
  const text = await readFile(operator().configFile, "utf8");
  await writeFile(operator().configFile, change(text));
  try {
    await work();
  } finally {
    await writeFile(operator().configFile, text);
  }
}
