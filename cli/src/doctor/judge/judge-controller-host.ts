/** PURE. Whether a controller's machine is as it should be, from facts that were gathered on it. */
import type { ControllerFacts } from "../facts.ts";
import { judgeSecret, judgeSpace } from "./files.ts";
import { fail, fine, warn, type Found } from "./found.ts";
import { judgeController, judgeNats, judgeVersion } from "./network.ts";
import { judgeClock, judgePass } from "./time.ts";
import { judgeControllerUnit, judgeRuns } from "./units.ts";

export function judgeControllerHost(facts: ControllerFacts): Found[] {
  const owners = facts.ownerUid === null ? [0] : [facts.ownerUid, 0];
  return [
    judgeConfig(facts),
    judgeRuns("chimera-controller.service", facts.unit),
    ...judgeControllerUnit(facts.unit),
    ...facts.secrets.map((secret) => judgeSecret({ ...secret, owners })),
    ...judgeTokens(facts),
    ...judgeFresh(facts),
    // Asked on the machine itself; its own clock is the one that others are compared with.
    ...judgeController(facts.ready, facts.nowMs),
    ...judgeVersion({ what: "chimera here", version: facts.cliVersion }, facts.ready),
    ...judgeClock(facts.clock, null),
    ...judgePass(facts.pass, {
      nowMs: facts.nowMs,
      renew: "chimera nats pass --role controller, where the fleet's keys are",
    }),
    ...judgeNats(facts.nats, facts.nowMs),
    ...judgeSync(facts),
    ...facts.space.map(judgeSpace),
  ];
}

function judgeConfig({ configFile, configProblem }: ControllerFacts): Found {
  const at = { check: "configuration", where: configFile };
  if (configProblem === null) return fine(at, "the controller's configuration can be read");
  const why = "a controller that cannot read it does not start";
  return fail(at, {
    what: `the configuration: ${configProblem}`,
    why,
    mend: "chimera-controller serve --config FILE names each wrong field",
  });
}

function judgeTokens({ tokens, configFile }: ControllerFacts): Found[] {
  const at = { check: "tokens", where: configFile };
  if (tokens === null) return [];
  if (typeof tokens === "string") {
    const why = "the last good ones count until the next start, then none";
    return [
      fail(at, {
        what: `the token file cannot be read: ${tokens}`,
        why,
        mend: "put a copy back, or make tokens anew",
      }),
    ];
  }
  if (tokens.usable === 0) {
    const why = "nobody may ask this controller for anything";
    return [
      fail(at, {
        what: "there is no token that counts",
        why,
        mend: "chimera-controller token create --role operator",
      }),
    ];
  }
  if (tokens.endless === 0) return [fine(at, `${tokens.usable} tokens count, each has an end`)];
  const what = `${tokens.endless} of ${tokens.usable} tokens never end`;
  const why = "one that was copied somewhere counts until somebody thinks of it";
  return [
    warn(at, { what, why, mend: "token create --expires 90d, exchange it, and token revoke the old one" }),
  ];
}

function judgeFresh({ hasFreshKey, configFile }: ControllerFacts): Found[] {
  if (hasFreshKey === null) return [];
  const at = { check: "fresh-key", where: configFile };
  if (hasFreshKey) return [fine(at, "the controller signs that its word is new")];
  return [
    warn(at, {
      what: "no freshKeyFile is set",
      why: "nodes cannot notice that they are kept from news, and the audit log's end is not signed",
      mend: "put the key of role fresh on this machine, and name it in freshKeyFile (docs/keys.md)",
    }),
  ];
}

function judgeSync({ natsSync }: ControllerFacts): Found[] {
  const at = { check: "jetstream-sync", where: "nats-server of this machine" };
  if (natsSync === null) return [];
  if (natsSync === "always") return [fine(at, "what JetStream has said yes to is on the disk")];
  return [
    fail(at, {
      what: natsSync === "" ? "sync_interval is not set: every two minutes" : `sync_interval is ${natsSync}`,
      why: "after a power cut documents are gone that were told to be stored",
      mend: "sync_interval: always, as chimera-controller nats-config prints it",
    }),
  ];
}
