/** Wiring. Benchmarks only, never shipped: a process with many agents. Its parent asks it for its CPU time, and ends it. */
import { readFileSync } from "node:fs";
import { createLog } from "@chimera/proto/log";
import { NodeName } from "@chimera/proto/names";
import { CrowdPlan } from "./crowd-plan.ts";
import { startMember } from "./simulated-agent.ts";

const plan = CrowdPlan.parse(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")));
const log = createLog({ fields: {}, level: "error", write: (line) => process.stderr.write(line) });
const startedAtOnce = 50;

// A few at a time: a fleet does not come up in one instant, and its connects are not what is measured.
const waiting = [...plan.members];
const timer = setInterval(() => {
  for (const member of waiting.splice(0, startedAtOnce)) {
    startMember(plan, member, log.child({ node: NodeName.parse(member.node) }));
  }
  if (waiting.length === 0) clearInterval(timer);
}, 100);

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage.rss() / 2 ** 20 });
});
// All at once: what it holds is of no use to anybody.
process.on("disconnect", () => process.exit(0));
