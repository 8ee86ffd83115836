/**
 * SHELL. What a message on a key leads to. nats-server hands it to subscribers while JetStream still stores it: a look at once
 * may find the key as it was. So there is a second one, a little later, for all that were heard until then.
 */
export interface WakeUp {
  wake: () => void;
  stop: () => void;
}

const storedMs = 400;

export function createWakeUp(look: () => void): WakeUp {
  let timer: NodeJS.Timeout | undefined;
  return {
    wake() {
      look();
      clearTimeout(timer);
      timer = setTimeout(look, storedMs).unref();
    },
    stop: () => clearTimeout(timer),
  };
}
