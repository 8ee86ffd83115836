/** PURE. What answers over the network: nats-server, and the controller. */
import type { HttpProbe, NatsProbe } from "../facts.ts";
import { fail, fine, warn, type Found } from "./found.ts";
import { judgeCertificate } from "./time.ts";

/** Older ones let a client in without its key (advisories 2026-16 and 2026-18). */
const leastNats = [2, 14, 3];

export function judgeNats(probes: readonly NatsProbe[], nowMs: number): Found[] {
  const answered = probes.filter(({ info }) => info !== null);
  const silent = probes
    .filter(({ info }) => info === null)
    .map((probe) => silentServer(probe, answered.length === 0));
  const certificates = probes.flatMap((probe) =>
    judgeCertificate(probe.server, { endMs: probe.certificateEndMs, nowMs }),
  );
  return [...silent, ...answered.map(judgeServer), ...certificates];
}

function silentServer({ server, reason }: NatsProbe, isOnly: boolean): Found {
  const at = { check: "nats", where: server };
  const wrong = {
    what: `NATS does not answer: ${reason}`,
    why: "no news arrives by this way; a node goes on with what it has, and keeps its drift right",
    mend: `is nats-server up, and its port open from here? The address is in the configuration`,
  };
  return isOnly ? fail(at, wrong) : warn(at, wrong);
}

function judgeServer({ server, info, isLocal }: NatsProbe): Found {
  const at = { check: "nats", where: server };
  const { version = "", jetstream = false, tls = false } = info ?? {};
  if (isOlder(version)) {
    return fail(at, {
      what: `nats-server ${version} is too old`,
      why: "before 2.14.3 there are ways around its authentication (advisories 2026-16, 2026-18)",
      mend: "install 2.14.3 or newer",
    });
  }
  if (!jetstream) {
    return fail(at, {
      what: "it has no JetStream",
      why: "signed documents are kept in JetStream",
      mend: "start it with the configuration that chimera-controller nats-config prints",
    });
  }
  if (!tls && !isLocal) {
    return warn(at, {
      what: `nats-server ${version} answers in the clear`,
      why: "who is on the way reads what is told, and can cut it off; it cannot sign anything",
      mend: "give it a certificate, and write tls:// in the configurations",
    });
  }
  return fine(at, `nats-server ${version} answers, with JetStream${tls ? " and TLS" : ""}`);
}

function isOlder(version: string): boolean {
  const found = version.split(/[.-]/u).map(Number);
  const differs = leastNats.findIndex((part, at) => found[at] !== part);
  return differs >= 0 && !((found[differs] ?? 0) > (leastNats[differs] ?? 0));
}

export function judgeController(probe: HttpProbe | null, nowMs: number): Found[] {
  if (probe === null) return [];
  const { url, status, reason, hasToken, certificateEndMs } = probe;
  const at = { check: "controller", where: url };
  const ends = judgeCertificate(url, { endMs: certificateEndMs, nowMs });
  if (status === null) {
    const why = "closures, worlds and the API come from there; a panic can still go by NATS or ssh";
    const mend = "is chimera-controller up, and its port open from here? The address is in the configuration";
    return [fail(at, { what: `the controller does not answer: ${reason}`, why, mend }), ...ends];
  }
  if (status === 401 || status === 403) {
    const what = hasToken ? `it refuses the token (HTTP ${status})` : "no token is configured";
    const why = "without one it says nothing";
    const mend = "chimera-controller token create on the hub, and its text into the token file";
    return [fail(at, { what, why, mend }), ...ends];
  }
  if (status >= 400) {
    const why = "it is up, and something that it needs is not";
    return [
      fail(at, { what: `it answers HTTP ${status}`, why, mend: "chimera doctor controller, on the hub" }),
      ...ends,
    ];
  }
  const clear = url.startsWith("http:") && !isLoopback(url);
  if (!clear) return [fine(at, "the controller answers"), ...ends];
  return [
    warn(at, {
      what: "the controller answers in the clear",
      why: "who is on the way reads the token, and all that operators see",
      mend: "put a TLS proxy in front of it, and write https:// in the configurations",
    }),
    ...ends,
  ];
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/** Programs of one release belong together; a fleet in the middle of an update has two for a while. */
export function judgeVersion(mine: { what: string; version: string }, probe: HttpProbe | null): Found[] {
  const theirs = probe?.version ?? null;
  if (probe === null || theirs === null) return [];
  const at = { check: "version", where: probe.url };
  if (theirs === mine.version) return [fine(at, `${mine.what} and controller are both ${theirs}`)];
  return [
    warn(at, {
      what: `${mine.what} is ${mine.version}, the controller is ${theirs}`,
      why: "they understand each other, but what the newer one can do the other shows only as a word",
      mend: "deploy the older one's machine with the newer package",
    }),
  ];
}
