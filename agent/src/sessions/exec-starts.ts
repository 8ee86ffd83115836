/** PURE. The sessions that an order for a command starts on this node. */
import type { Digest } from "@chimera/proto/names";
import { execSessions, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Order } from "@chimera/proto/signed/order";

export interface ExecStart {
  name: SessionName;
  kind: "task";
  what: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  user?: string;
  output: ExecAction["output"];
  timeoutMs: number;
  mostBytes: number;
}

const mib = 1 << 20;
/** Of the output of one command, and of all that one order starts here. */
const mostBytesEach = 16 * mib;
const mostBytesAll = 256 * mib;
const mostWhat = 512;

export function execStarts(
  { order, id, action }: { order: Pick<Order, "author">; id: Digest; action: ExecAction },
  user: string,
): ExecStart[] {
  const { argv, copies, output, timeoutSeconds } = action;
  const what = argv.join(" ").slice(0, mostWhat - 200);
  return execSessions(id, action).map((name, index) => ({
    name,
    // Its output is kept where it can be read when the node is gone.
    kind: "task",
    what: `${what} (exec by ${order.author.slice(0, 180)})`,
    argv,
    env: { CHIMERA_ORDER: id, CHIMERA_COPY: `${index + 1}` },
    ...(user === "root" ? {} : { user }),
    output,
    timeoutMs: timeoutSeconds * 1000,
    mostBytes: Math.max(mib, Math.min(mostBytesEach, Math.floor(mostBytesAll / copies))),
  }));
}
