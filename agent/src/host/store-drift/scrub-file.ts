/** SHELL. The book of what was read, on disk: synced, and not more often than it is worth. */
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { newBook, ScrubBook } from "../../reconcile/store-drift/scrub-book.ts";
import { openDocument, type Stored } from "../state/documents.ts";

export interface ScrubFile {
  book: ScrubBook;
  /** Where an unreadable one lies; null when there was none. */
  corrupt: string | null;
  /** On a full disk the round is kept in memory only. */
  save(): void;
}

/** A larger one would not be read again. */
const mostPaths = 50_000;

export function openScrubFile(stateDir: string, log: Log): ScrubFile {
  const stored = openStored(stateDir, log);
  const file: ScrubFile = {
    book: stored?.value ?? newBook(Date.now()),
    corrupt: stored?.corrupt ?? null,
    save() {
      if (stored === null || Object.keys(file.book.read).length > mostPaths) return;
      try {
        stored.save(file.book);
      } catch (error) {
        if (!(error instanceof ChimeraError)) throw error;
        log.warn({ error }, "what was read of the store could not be noted");
      }
    },
  };
  return file;
}

/** Null where a newer agent wrote it: its book is left to it, and this one's round is not kept. */
function openStored(stateDir: string, log: Log): Stored<ScrubBook> | null {
  try {
    return openDocument(join(stateDir, "store-scrub.json"), ScrubBook, log);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ error }, "what was read of the store is not kept");
    return null;
  }
}
