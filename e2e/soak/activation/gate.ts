// PURE. Who works beside others and who works alone: an order to the whole fleet must meet no trial of another node.
export interface Gate {
  /** As soon as nobody works alone or waits to. */
  beside: <T>(action: () => Promise<T>) => Promise<T>;
  /** When all that run now have ended; who comes later waits. */
  alone: <T>(action: () => Promise<T>) => Promise<T>;
}

export function createGate(): Gate {
  const running = new Set<Promise<unknown>>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async beside(action) {
      for (let seen: unknown; seen !== turn;) {
        seen = turn;
        await turn;
      }
      const done = action();
      running.add(done);
      return done.finally(() => running.delete(done));
    },
    alone(action) {
      const done = turn.then(() => Promise.allSettled(running)).then(action);
      turn = done.catch(() => undefined);
      return done;
    },
  };
}
