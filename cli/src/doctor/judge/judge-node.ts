/** PURE. Whether a node can do what it is there for, from facts that were gathered on it. */
import type { NodeFacts } from "../facts.ts";
import { judgeFolder, judgeSecret, judgeSpace } from "./files.ts";
import { fail, fine, warn, type Found } from "./found.ts";
import { judgeController, judgeNats, judgeVersion } from "./network.ts";
import { judgeClock, judgeKeySet, judgePass } from "./time.ts";
import { judgeLoaded, judgeRuns, judgeSentinel } from "./units.ts";

/** Of inotify's limit. */
const fullShare = 0.8;
const leastQueued = 16_384;
const state = "/var/lib/chimera";
const renew =
  "the agent asks the controller for the next one: journalctl -t chimera-agent says what it was told; chimera nats pass makes one by hand";

export function judgeNode(facts: NodeFacts): Found[] {
  const { nowMs, units, controller } = facts;
  const version = facts.agent?.version ?? null;
  return [
    judgeConfig(facts),
    judgeAgent(facts),
    judgeRuns("chimera-sentinel.service", units.sentinel),
    judgeRuns("chimera-watchdog.timer", units.watchdog),
    ...judgeLoaded("chimera-recover.service", units.recover),
    ...judgeSentinel(units.sentinel),
    ...facts.folders.map(judgeFolder),
    ...facts.secrets.map((secret) => judgeSecret({ ...secret, owners: [0] })),
    judgeKeySet(facts.keySet, { where: `${state}/trust.json`, nowMs }),
    ...judgeClock(facts.clock, controller),
    ...judgePass(facts.pass, { nowMs, renew }),
    ...judgeNats(facts.nats, nowMs),
    ...judgeHeld(facts),
    ...judgeController(controller, nowMs),
    ...(version === null ? [] : judgeVersion({ what: "the agent", version }, controller)),
    ...facts.space.map(judgeSpace),
    judgeBoot(facts),
    ...judgeInotify(facts),
  ];
}

function judgeConfig({ configFile, configProblem }: NodeFacts): Found {
  const at = { check: "configuration", where: configFile };
  if (configProblem === null) return fine(at, "the agent's configuration can be read");
  const why = "an agent that cannot read it does not start";
  return fail(at, {
    what: `the configuration: ${configProblem}`,
    why,
    mend: "chimera-agent check --config FILE names each wrong field; then deploy",
  });
}

function judgeAgent({ agent, agentReason }: NodeFacts): Found {
  const at = { check: "agent", where: "/run/chimera/agent.sock" };
  if (agent === null) {
    return fail(at, {
      what: `no agent answers: ${agentReason}`,
      why: "nothing is fetched, watched or put back while none runs",
      mend: "systemctl status chimera-sentinel; journalctl -t chimera-agent -e",
    });
  }
  if (agent.problem === null) return fine(at, `agent ${agent.version} answers, it is ${agent.state}`);
  return warn(at, {
    what: `agent ${agent.version} is ${agent.state}, its newest problem: ${agent.problem}`,
    why: "it refused or could not do something",
    mend: "chimera local why",
  });
}

function judgeHeld({ natsHeld, nats, agent }: NodeFacts): Found[] {
  if (natsHeld === null || agent === null || !nats.some(({ info }) => info !== null)) return [];
  const at = { check: "nats-connection", where: "the agent's process" };
  if (natsHeld) return [fine(at, "it is connected to NATS")];
  const why = "the server answers everybody else: most often it does not know this node's nkey (any more)";
  const mend =
    "chimera-controller node add on the hub, and nats-server's configuration anew; journalctl -t chimera-agent says what it was told";
  return [fail(at, { what: "it has no connection to NATS", why, mend })];
}

function judgeBoot({ boot, units }: NodeFacts): Found {
  const at = { check: "boot-counting", where: "/boot" };
  if (boot.reboots === "never") return fine(at, "this node is never restarted by Chimera");
  const counts = units.blessBoot?.["LoadState"] === "loaded" && boot.loader;
  if (counts) return fine(at, "a system that does not come up is left by the boot loader");
  const wrong = {
    what: boot.loader ? "systemd-boot does not count boots" : "there is no systemd-boot",
    why: "a system that does not come up stays, until somebody chooses another at the console",
    mend: "boot.loader.systemd-boot.bootCounting.enable = true; or settings.reboot.acceptUnprotected, where that is known",
  };
  return boot.acceptUnprotected
    ? fine(at, `${wrong.what}, and the configuration accepts that`)
    : warn(at, wrong);
}

function judgeInotify({ inotify: { maxWatches, maxQueued, held }, agent }: NodeFacts): Found[] {
  const at = { check: "inotify", where: "/proc/sys/fs/inotify" };
  const why = "what is not watched is found by the sweep, within a minute instead of milliseconds";
  const mend = 'boot.kernel.sysctl."fs.inotify.max_user_watches" = 524288, and max_queued_events = 65536';
  if (maxWatches === null || maxQueued === null) return [];
  if (agent !== null && held === 0) {
    return [
      warn(at, {
        what: "the agent watches nothing",
        why,
        mend: "journalctl -t chimera-agent -e; then restart it",
      }),
    ];
  }
  const isFull = held !== null && held > maxWatches * fullShare;
  if (isFull)
    return [fail(at, { what: `${held} of ${maxWatches} watches are taken by the agent alone`, why, mend })];
  if (maxQueued < leastQueued) {
    return [
      warn(at, { what: `only ${maxQueued} events may wait`, why: `more are lost at once; ${why}`, mend }),
    ];
  }
  return [fine(at, `${held ?? 0} watches are held, ${maxWatches} are allowed`)];
}
