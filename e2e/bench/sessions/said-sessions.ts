// SHELL. Sessions of which there are only the facts: a node's own credential says them, from this machine.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseNkeySeed } from "@chimera/proto/nkey";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { subjects } from "@chimera/proto/subjects";
import { connect } from "nats";
import { fleetFolder } from "../../fleet/fleet-folder.ts";
import type { Fleet } from "../../fleet/start-fleet.ts";

/** So many for each of these nodes, as their agents would say them. */
export async function sayMoreSessions(
  fleet: Fleet,
  { nodes, perNode }: { nodes: readonly string[]; perNode: number },
): Promise<void> {
  for (const node of nodes) {
    const seed = parseNkeySeed(await readFile(fleetFolder("identity", node, "nats.seed"), "utf8"));
    const client = await connect({
      servers: `${fleet.lab.host("hub").address}:4222`,
      inboxPrefix: subjects.inboxPrefix(node),
      authenticator: (nonce?: string) => ({
        nkey: seed.publicKey,
        sig: seed.sign(Buffer.from(nonce ?? "")).toString("base64url"),
      }),
    });
    for (let i = 1; i <= perNode; i += 1) {
      const facts = factsOf(`said-${i}`);
      client.publish(subjects.session(fleet.facts.fleetId, node, facts.name), JSON.stringify(facts));
    }
    await client.drain();
  }
}

function factsOf(name: string): SessionFacts {
  return sessionFacts(name, {
    kind: "task",
    run: randomBytes(8).toString("hex"),
    what: "sleep 3600, ordered by ops@ws",
    createdAt: new Date().toISOString(),
  });
}
