/** What becomes of a panic straight in NATS when JetStream answers late, not at all, or that it cannot store. */
import { ChimeraError } from "@chimera/proto/errors";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NatsLink } from "../../src/nats/connection.ts";
import { releaseOver } from "../../src/panic/roads/release-over-nats.ts";
import { panicId, patience, startPanicFleet, type OpenedGround, type PanicFleet } from "./panic-fleet.ts";

let fleet: PanicFleet;
beforeEach(async () => {
  fleet = await startPanicFleet();
});
afterEach(() => fleet.close());

/** Released by whoever has this link; what is said on stderr, and published without being asked for an answer. */
async function releaseBy(link: NatsLink, ground: OpenedGround) {
  const said: string[] = [];
  const published: string[] = [];
  const closed = new AbortController();
  const spied: NatsLink = {
    ...link,
    publish: (subject, ...rest) => {
      published.push(subject);
      link.publish(subject, ...rest);
    },
  };
  const io = { err: (text: string) => void said.push(text) };
  const parts = { ...ground, link: spied, closed: closed.signal };
  return {
    panic: await releaseOver(io, parts, fleet.prepared),
    said,
    published,
    close: () => closed.abort(),
  };
}

const noAnswer = () => new ChimeraError("deadline-exceeded", "no answer");

test("a write whose answer is lost is not sent again as a message, and is found stored", async () => {
  const ground = await fleet.openedNow();
  await fleet.asOperator(async (link) => {
    let isLost = false;
    const request: NatsLink["request"] = async (subject, text, extra = {}) => {
      const answer = await link.request(subject, text, extra);
      if (extra.expectedRevision === undefined || isLost) return answer;
      isLost = true;
      // The next head answers the panic: that is no reason to call the panic void.
      await fleet.publishNext();
      throw noAnswer();
    };
    const { panic, published, said, close } = await releaseBy({ ...link, request }, ground);
    expect(panic.isStored()).toBe(false);
    await vi.waitUntil(() => panic.isStored(), patience);
    close();
    expect(published).toEqual([]);
    expect(said.join("")).toContain("JetStream has the panic now");
    expect((await fleet.onTop(link))?.id).toBe(panicId(fleet.prepared));
    expect(fleet.node("n1").panics).toEqual([panicId(fleet.prepared)]);
  });
});

test("what is sent while JetStream does not answer is stored over nothing that came meanwhile, and is told when it is void", async () => {
  const ground = await fleet.openedNow();
  await fleet.asOperator(async (link) => {
    let isAway = true;
    const request: NatsLink["request"] = async (subject, text, extra) => {
      if (isAway) throw noAnswer();
      return link.request(subject, text, extra);
    };
    await fleet.publishNext();
    const newer = await fleet.panicNewest();
    const before = await fleet.onTop(link);
    const { panic, published, close } = await releaseBy({ ...link, request }, ground);
    await vi.waitUntil(() => fleet.node("n1").panics.includes(panicId(fleet.prepared)), patience);
    expect(published).toEqual([subjects.desired("panic", fleet.fleetId)]);
    expect(await fleet.onTop(link)).toEqual(before);
    isAway = false;
    const waiting = vi.waitUntil(() => panic.isStored(), patience);
    await expect(waiting).rejects.toThrow(/head 0\.3 is newer/u);
    expect((await fleet.onTop(link))?.id).toBe(newer);
    close();
  });
});

test("JetStream that refuses to store keeps no node that listens from hearing it, and has it once it can", async () => {
  const ground = await fleet.openedNow();
  await fleet.asController(async ({ jsm }) => {
    const { config } = await jsm.streams.info("KV_chimera");
    await jsm.streams.update("KV_chimera", { ...config, max_bytes: 1 });
    await fleet.asOperator(async (link) => {
      const { panic, published, said, close } = await releaseBy(link, ground);
      expect(said.join("")).toContain("JetStream refuses it: maximum bytes exceeded");
      expect([panic.isStored(), published]).toEqual([false, []]);
      await vi.waitUntil(() => fleet.node("n2").panics.length > 0, patience);
      const short = await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow", "--json");
      expect(short).toMatchObject({ code: 69, out: expect.stringContaining('"type":"sent"') });
      expect(short.out + short.err).not.toContain("released");
      await jsm.streams.update("KV_chimera", config);
      await vi.waitUntil(() => panic.isStored(), patience);
      close();
    });
  });
  expect((await fleet.view()).panic?.id).toBe(panicId(fleet.prepared));
});
