/**
 * SHELL. Whether Nix's daemon answers: the first words of its protocol, which have stayed the same since there is one.
 * It answers them only after it has opened its database. No process of ours is started.
 */
import { connect } from "node:net";

/** "nixc" and "dxio", each as a little endian number of eight bytes. */
const hello = Buffer.from("cxin\0\0\0\0", "latin1");
const answer = Buffer.from("oixd\0\0\0\0", "latin1");

/** What is wrong with it; null when it answered. */
export function daemonProblem(socket: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((settle) => {
    const stream = connect(socket);
    let heard = Buffer.alloc(0);
    const leave = () => stream.destroy();
    signal.addEventListener("abort", leave, { once: true });
    stream.write(hello);
    stream.on("data", (chunk) => {
      heard = Buffer.concat([heard, chunk.subarray(0, 64)]);
      if (heard.length < answer.length) return;
      const isAnswer = heard.subarray(0, answer.length).equals(answer);
      settle(isAnswer ? null : "Nix's daemon answered with something else");
      stream.destroy();
    });
    stream.on("error", (error) => settle(`Nix's daemon does not answer: ${error.message}`));
    stream.on("close", () => {
      signal.removeEventListener("abort", leave);
      settle("Nix's daemon does not answer: the connection ended");
    });
  });
}
