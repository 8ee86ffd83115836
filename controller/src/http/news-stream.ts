/** SHELL. News as lines of an answer that does not end: whoever reads too slowly, or may not read any more, is let go and asks again. */
import { newsEveryMs, type OrderNews } from "@chimera/proto/sessions/order-news";

export interface NewsStreamOptions {
  /** Begins to tell; resolves with what ends that. */
  begin: (tell: (news: OrderNews) => void) => Promise<{ stop: () => void }>;
  /** Whether its token still is one. */
  mayRead: () => boolean;
  onEnd: () => void;
}

/** Of lines that nobody has read. */
const mostWaitingBytes = 64 << 20;

/** Throws what `begin` does. */
export async function newsStream({
  begin,
  mayRead,
  onEnd,
}: NewsStreamOptions): Promise<ReadableStream<Uint8Array>> {
  const opened = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  let isOver = false;
  let begun: { stop: () => void } | null = null;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    begun?.stop();
    onEnd();
  };
  const stream = new ReadableStream<Uint8Array>(
    { start: opened.resolve, cancel: end },
    new ByteLengthQueuingStrategy({ highWaterMark: mostWaitingBytes }),
  );
  const out = await opened.promise;
  const close = (): void => {
    end();
    out.close();
  };
  const tell = (news: OrderNews): void => {
    if (isOver) return;
    if ((out.desiredSize ?? 0) <= 0) close();
    else out.enqueue(Buffer.from(`${JSON.stringify(news)}\n`));
  };
  const timer = setInterval(() => {
    if (mayRead()) tell({ kind: "alive" });
    else close();
  }, newsEveryMs).unref();
  begun = await begin(tell).catch((error: unknown) => {
    end();
    throw error;
  });
  if (isOver) begun.stop();
  return stream;
}
