/** PURE. A narinfo: a few lines of `Key: value`, read strictly enough that what we store means one thing. */
import { ChimeraError } from "@chimera/proto/errors";
import { NarHash, StorePath } from "@chimera/proto/names";
import { z } from "zod";
import { isForeignNarFile, isNarFile } from "./cache-names.ts";

const byteCount = z
  .string()
  .regex(/^[1-9][0-9]{0,14}$/, "must be a number of bytes")
  .transform(Number);
const storeName = /^[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+\-_?=][A-Za-z0-9+\-._?=]{0,210}$/;

export const Narinfo = z
  .object({
    StorePath,
    URL: z.string().max(256),
    Compression: z.enum(["none", "zstd"], "only none and zstd are taken: push with ?compression=zstd"),
    FileHash: NarHash,
    FileSize: byteCount,
    NarHash,
    NarSize: byteCount,
    References: z.array(z.string().regex(storeName, "is not the name of a store path")).max(10_000),
    Sig: z.array(z.string().regex(/^[^\s:]{1,128}:[A-Za-z0-9+/=]{88}$/, "is not name:base64")).max(64),
    CA: z.string().max(512).optional(),
  })
  .superRefine(({ URL: url, Compression, Sig, CA }, context) => {
    const file = url.startsWith("nar/") ? url.slice("nar/".length) : "";
    if (!isNarFile(file)) {
      context.addIssue({
        code: "custom",
        path: ["URL"],
        message: 'must be "nar/<hash of the file>.nar[.zst]"',
      });
    }
    if (file.endsWith(".zst") !== (Compression === "zstd")) {
      context.addIssue({ code: "custom", path: ["Compression"], message: "does not fit the URL" });
    }
    // Nix itself asks no signature of a path that is named by its content.
    if (Sig.length === 0 && CA === undefined) {
      context.addIssue({ code: "custom", path: ["Sig"], message: "at least one signature is due" });
    }
  });
export type Narinfo = z.infer<typeof Narinfo>;

/** Throws input-invalid with the field's name. Fields that we do not know stay in the stored text. */
export function parseNarinfo(text: string): Narinfo {
  const fields = new Map<string, string>();
  const signatures: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [key, value] = splitLine(line);
    if (key === "Sig") {
      signatures.push(value);
    } else if (fields.has(key)) {
      throw new ChimeraError("input-invalid", `narinfo: ${key}: is there twice`);
    } else {
      fields.set(key, value);
    }
  }
  return checkNarinfo(fields, signatures);
}

function checkNarinfo(fields: Map<string, string>, signatures: string[]): Narinfo {
  const result = Narinfo.safeParse({
    ...Object.fromEntries(fields),
    References: (fields.get("References") ?? "").split(" ").filter((name) => name !== ""),
    Sig: signatures,
  });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join(".") ?? "";
  const hint = isForeignNarFile((fields.get("URL") ?? "").slice("nar/".length)) ? " (compression)" : "";
  throw new ChimeraError("input-invalid", `narinfo: ${field}${hint}: ${issue?.message ?? "is wrong"}`);
}

function splitLine(line: string): [string, string] {
  const match = /^([A-Za-z]{1,32}):(?: (.*))?$/.exec(line);
  if (match === null || line.includes("\r") || line.includes("\0")) {
    throw new ChimeraError("input-invalid", `narinfo: not a line "Key: value": ${line.slice(0, 80)}`);
  }
  return [match[1] ?? "", match[2] ?? ""];
}
