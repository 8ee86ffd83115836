import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { subjects } from "@chimera/proto/subjects";
import { execa } from "execa";
import { headers, type NatsConnection } from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addOperator, readNodes, removeOperator } from "../../src/files/node-file.ts";
import { renderNatsConfig } from "../../src/nats-config.ts";
import { eventually, natsServerProgram } from "../fixture/nats-server.ts";
import { connectAsController, connectAsNode, connectAsOperator, connectWith } from "../fixture/raw-nats.ts";
import { makeHead, makeLeaf, pushClosure, putHead } from "../fixture/test-fleet.ts";
import { isDeaf, isRefused } from "../fixture/refused-subjects.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { worldId } from "@chimera/proto/signed/world";

/** The same table for both ways in which nats-server can know its users. */
describe.each(["list", "passes"] as const)("users known by %s", (by) => {
  const fleet = useFleet({}, by);
  let n1: NatsConnection;
  beforeAll(async () => {
    n1 = await connectAsNode(fleet(), "n1");
    const { entry } = await pushClosure(fleet(), "nixos-system-p");
    const leaves = [makeLeaf(fleet(), "n1", entry)];
    await fleet().call(`/v1/worlds/${worldId(leaves)}`, { method: "PUT", body: { v: 1, leaves } });
    await putHead(fleet(), makeHead(leaves), 0);
  });
  afterAll(async () => {
    await n1.close();
  });

  test("renders a configuration that nats-server itself accepts, without an anonymous user", async () => {
    const file = join(fleet().directory, "check.conf");
    writeFileSync(file, fleet().natsConfig);
    const { exitCode, all } = await execa(natsServerProgram, ["-t", "-c", file], {
      reject: false,
      all: true,
    });
    expect(exitCode, all).toBe(0);
    expect(fleet().natsConfig).toContain('"sync_interval": "always"');
    expect(fleet().natsConfig).not.toMatch(/no_auth_user|deny|cluster/);
  });

  test("lets a node read the head and write its own status, beat and events", async () => {
    const got = await n1.request(subjects.desiredGet("head", fleetId), "");
    expect(got.json<{ payloadType: string }>().payloadType).toBe("application/vnd.chimera.head.v1+json");
    for (const subject of [
      subjects.status(fleetId, "n1"),
      subjects.beat(fleetId, "n1"),
      subjects.health(fleetId, "n1"),
      subjects.event(fleetId, "n1", "alarm"),
    ]) {
      expect(await isRefused(n1, subject), subject).toBe(false);
    }
  });

  test("refuses a node everything that is another's or the controller's", async () => {
    const before = await n1.request(subjects.desiredGet("head", fleetId), "");
    for (const subject of [
      subjects.status(fleetId, "n2"),
      subjects.beat(fleetId, "n2"),
      subjects.event(fleetId, "n2", "alarm"),
      subjects.desired("head", fleetId),
      subjects.cmd(fleetId, "n2"),
      "$JS.API.STREAM.DELETE.KV_chimera",
      "$JS.API.CONSUMER.CREATE.KV_chimera",
      `$JS.API.DIRECT.GET.KV_chimera_status.${subjects.status(fleetId, "n2")}`,
      "_INBOX_n2.x",
    ]) {
      expect(await isRefused(n1, subject), subject).toBe(true);
    }
    const after = await n1.request(subjects.desiredGet("head", fleetId), "");
    expect(after.headers?.get("Nats-Sequence")).toBe(before.headers?.get("Nats-Sequence"));
  });

  test.each([
    "_INBOX_n2.>",
    "_INBOX.>",
    "$KV.chimera_status.>",
    `chimera.${fleetId}.event.>`,
    "$KV.chimera.>",
    ">",
  ])("refuses a node to listen on %s", async (subject) => {
    expect(await isDeaf(n1, subject)).toBe(true);
  });

  test("refuses a KV watch of a node", async () => {
    const js = n1.jetstream({ checkAPI: false, timeout: 500 });
    const kv = await js.views.kv("chimera", { bindOnly: true, allow_direct: true });
    await expect(kv.watch()).rejects.toThrow(/TIMEOUT|Permissions Violation/i);
  });

  test("lets no node take away what others said by a header that rolls a stream up", async () => {
    const n2 = await connectAsNode(fleet(), "n2");
    n2.publish(subjects.status(fleetId, "n2"), "x");
    n2.publish(subjects.health(fleetId, "n2"), "x");
    await n2.flush();
    const rollup = headers();
    rollup.set("Nats-Rollup", "all");
    for (const subject of [subjects.status(fleetId, "n1"), subjects.health(fleetId, "n1")]) {
      n1.publish(subject, "x", { headers: rollup });
    }
    await n1.flush();
    const { link } = await connectAsController(fleet());
    const jsm = await link.jetstreamManager();
    const kept = { last_by_subj: subjects.status(fleetId, "n2") };
    expect((await jsm.streams.getMessage("KV_chimera_status", kept)).string()).toBe("x");
    const sample = { last_by_subj: subjects.health(fleetId, "n2") };
    expect((await jsm.streams.getMessage("chimera_health", sample)).string()).toBe("x");
    await link.close();
    await n2.close();
  });

  test("lets nobody in whose key is not registered", async () => {
    await expect(connectWith(fleet(), { seed: generateNkey().seed, inboxPrefix: "_INBOX" })).rejects.toThrow(
      /Authorization/,
    );
  });

  test("gives an operator a panic and what it needs, and nothing else", async () => {
    const operator = await connectAsOperator(fleet());
    const got = await operator.request(subjects.desiredGet("head", fleetId), "");
    expect(got.json<{ payloadType: string }>().payloadType).toBe("application/vnd.chimera.head.v1+json");
    for (const subject of [
      subjects.desiredGet("panic", fleetId),
      subjects.panicReadyGet(fleetId),
      subjects.keySetGet(fleetId, 1),
      subjects.statusGet(fleetId, "n1"),
      subjects.desired("panic", fleetId),
      // A node takes there what is signed, or an ask to be shown something.
      subjects.cmd(fleetId, "n1"),
      // Keys count only under the MAC of whom the node gave the keyboard.
      subjects.sessionKeys(fleetId, "n1", "deploy-7"),
      subjects.sessionGet(fleetId, "n1", "deploy-7"),
      subjects.sessionsGet,
    ]) {
      expect(await isRefused(operator, subject), subject).toBe(false);
    }
    const before = await operator.request(subjects.desiredGet("head", fleetId), "");
    for (const subject of [
      subjects.desired("head", fleetId),
      subjects.desired("order", fleetId),
      subjects.panicReady(fleetId),
      subjects.keySet(fleetId, 2),
      subjects.status(fleetId, "n1"),
      subjects.session(fleetId, "n1", "deploy-7"),
      subjects.sessionView(fleetId, "n1", { session: "deploy-7", viewer: "a" }),
      subjects.ack(fleetId, "n1"),
      subjects.desired("panic", "f".repeat(64)),
      "$JS.API.STREAM.DELETE.KV_chimera",
      "$JS.API.STREAM.PURGE.KV_chimera",
      "$JS.API.CONSUMER.CREATE.KV_chimera",
    ]) {
      expect(await isRefused(operator, subject), subject).toBe(true);
    }
    const rollup = headers();
    rollup.set("Nats-Rollup", "all");
    await operator.request(subjects.desired("panic", fleetId), "x", { headers: rollup, timeout: 2000 });
    const after = await operator.request(subjects.desiredGet("head", fleetId), "");
    expect(after.headers?.get("Nats-Sequence")).toBe(before.headers?.get("Nats-Sequence"));
    for (const subject of ["chimera.>", "$KV.chimera.>", "_INBOX.>"]) {
      expect(await isDeaf(operator, subject), subject).toBe(true);
    }
    await operator.close();
  });

  test("gives the controller what it needs and no more than its own fleet's commands", async () => {
    const { link } = await connectAsController(fleet());
    expect(await isRefused(link, subjects.cmd(fleetId, "n1"))).toBe(false);
    expect(await isRefused(link, subjects.status(fleetId, "n1"))).toBe(true);
    await link.close();
  });

  test("makes the memory streams again after nats-server was killed", async () => {
    await fleet().nats.restart();
    await eventually("ready again", () => fleet().controller.ready());
    const { link } = await connectAsController(fleet());
    const { config } = await (await link.jetstreamManager()).streams.info("KV_chimera_status");
    expect(config).toMatchObject({ storage: "memory", max_msgs_per_subject: 1 });
    await link.close();
  });
});

describe("a list that changes", () => {
  const fleet = useFleet();
  test("throws an operator out who was removed, once nats-server has its new configuration", async () => {
    const { config, operatorSeed, nats, natsConfig } = fleet();
    const operator = await connectAsOperator(fleet());
    const closed = operator.closed();
    await removeOperator(config.nodesFile, "anna");
    const { v: _, ...registered } = readNodes(config.nodesFile);
    const controllerNkey = parseNkeySeed(readFileSync(config.nats.seedFile, "utf8")).publicKey;
    nats.reload(renderNatsConfig({ config, controllerNkey, ...registered }));
    await closed;
    await expect(connectWith(fleet(), { seed: operatorSeed, inboxPrefix: "_INBOX" })).rejects.toThrow(
      /Authorization/,
    );
    await addOperator(config.nodesFile, { operator: "anna", nkey: parseNkeySeed(operatorSeed).publicKey });
    nats.reload(natsConfig);
  });
});
