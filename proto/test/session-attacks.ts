/** Orders that run or type something, and that a node must refuse. */
import type { TrustState } from "../src/acceptance/trust-state.ts";
import type { Judge } from "../src/acceptance/verdict.ts";
import { NodeName } from "../src/names.ts";
import { createExchange } from "../src/sessions/keyboard.ts";
import { KeyboardAction, maxArgvBytes, maxCopies, type ExecAction } from "../src/sessions/session-order.ts";
import { seal } from "../src/signed/envelope.ts";
import type { Order, OrderAction } from "../src/signed/order.ts";
import type { Attack } from "./attacks.ts";
import {
  idOf,
  minutes,
  node,
  nodeSigner,
  orderOf,
  orderSigner,
  panicSigner,
  publishers,
  signOrder,
  stateTwo,
  taken,
} from "./test-fleet.ts";

const room = { execRoom: 4 } as const;
const exec: ExecAction = {
  kind: "exec",
  argv: ["systemctl", "is-active", "nginx.service"],
  copies: 1,
  output: "log",
  timeoutSeconds: 600,
  atOnce: null,
};
const keyboard: KeyboardAction = KeyboardAction.parse({
  kind: "keyboard",
  session: "exec-0123456789ab",
  run: "0123456789abcdef",
  half: createExchange().half,
  until: minutes(60),
  take: false,
});

const end: OrderAction = { kind: "exec-end", order: idOf(signOrder(orderOf(exec, "1"))), signal: "SIGTERM" };

const order = (message: Order) => ({ kind: "order", envelope: signOrder(message) }) as const;
const run = orderOf(exec, "1");
const type = orderOf(keyboard, "2");
const ran = taken(stateTwo, order(run), room);
const typed = taken(stateTwo, order(type), room);
const elsewhere = [NodeName.parse("n2")];

interface Extra {
  state?: TrustState;
  judge?: Partial<Judge>;
}
const row = (
  name: string,
  [tried, code]: [Order, Attack["code"]],
  { state = stateTwo, judge = room }: Extra = {},
): Attack => ({ name: `order ${name}`, state, document: order(tried), code, judge });
const signedBy = (name: string, message: Order, signers: Parameters<typeof seal>[2]): Attack => ({
  ...row(name, [message, "signature-invalid"]),
  document: { kind: "order", envelope: seal("order", message, signers) },
});
const without = (action: OrderAction, changes: object): Order => {
  const message = orderOf(action, "9");
  return { ...message, action: { ...message.action, ...changes } };
};

const wrongCommands: [string, object][] = [
  ["without a program", { argv: [] }],
  ["of a program without a name", { argv: ["", "x"] }],
  ["in one text, as for a shell", { argv: "rm -rf /" }],
  ["with a zero byte in it", { argv: ["echo", "a\0b"] }],
  ["of more bytes than an order holds", { argv: ["echo", "x".repeat(maxArgvBytes)] }],
  ["of many short words", { argv: Array.from({ length: 1025 }, () => "x") }],
  ["in no session", { copies: 0 }],
  ["in too many sessions", { copies: maxCopies + 1 }],
  ["that never ends", { timeoutSeconds: 0 }],
  ["that may take a year", { timeoutSeconds: 365 * 86_400 }],
];
const wrongKeyboards: [string, object][] = [
  ["of a session with a name of tmux's", { session: "sentinel:0.0" }],
  ["of a session whose name has a new line", { session: "a\nb" }],
  ["of a session whose name is long", { session: "a".repeat(300) }],
  ["of any run of that name", { run: "*" }],
  ["with half a key of 31 bytes", { half: Buffer.alloc(31).toString("base64") }],
];

export const sessionAttacks: readonly Attack[] = [
  row("to run something where nothing may be run", [run, "exec-forbidden"], { judge: {} }),
  row("to run something a second time", [run, "order-used"], { state: ran }),
  row("to run something with the nonce of another order", [orderOf(exec, "2"), "order-used"], {
    state: typed,
  }),
  row("to run something elsewhere", [{ ...run, nodes: elsewhere }, "order-misaddressed"]),
  row("to run something, too late", [{ ...run, notAfter: minutes(9) }, "order-expired"]),
  row("to run more than there is room for", [without(exec, { copies: 5 }), "overloaded"]),
  signedBy("to run something, signed by the publish keys", run, publishers),
  signedBy("to run something, signed by the panic key", run, [panicSigner]),
  signedBy("to run something, signed by the node itself", run, [nodeSigner]),
  ...wrongCommands.map(([name, changes]) =>
    row(`to run a command ${name}`, [without(exec, changes), "input-invalid"]),
  ),
  row("to end something where nothing may be run", [orderOf(end, "3"), "exec-forbidden"], { judge: {} }),
  row("to end something by a signal of its own", [without(end, { signal: "SIGSEGV" }), "input-invalid"]),
  row("to end something by any id", [without(end, { order: "all" }), "input-invalid"]),
  signedBy("to end something, signed by the publish keys", orderOf(end, "3"), publishers),
  row("for a keyboard where nothing may be typed", [type, "exec-forbidden"], { judge: {} }),
  row("for a keyboard a second time", [type, "order-used"], { state: typed }),
  row("for a keyboard, too late", [{ ...type, notAfter: minutes(9) }, "order-expired"]),
  row("for a keyboard of all nodes", [{ ...type, nodes: "all" }, "order-misaddressed"]),
  row("for a keyboard of two nodes", [{ ...type, nodes: [node, ...elsewhere] }, "order-misaddressed"]),
  row("for a keyboard that is over", [without(keyboard, { until: minutes(9) }), "order-expired"]),
  row("for a keyboard for a whole day", [without(keyboard, { until: minutes(24 * 60) }), "input-invalid"]),
  signedBy("for a keyboard, signed by the publish keys", type, publishers),
  ...wrongKeyboards.map(([name, changes]) =>
    row(`for a keyboard ${name}`, [without(keyboard, changes), "input-invalid"]),
  ),
  {
    ...row("to run something, with a word more than was signed", [run, "signature-invalid"]),
    document: {
      kind: "order",
      envelope: {
        ...seal("order", { ...run, action: { ...exec, argv: [...exec.argv, "sshd.service"] } }, [
          orderSigner,
        ]),
        signatures: signOrder(run).signatures,
      },
    },
  },
];
