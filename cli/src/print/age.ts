/** PURE. Ages are computed by the reader, from times that others wrote: silence cannot report itself. */

/** Milliseconds since an ISO time, by the clock of the shell that passes it in. */
export type AgeMs = (isoTime: string) => number;
