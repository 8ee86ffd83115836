/** SHELL. Bytes to stdout, as fast as they are read there. */
export async function writeStdout(data: string | Uint8Array): Promise<void> {
  if (data.length === 0) return;
  await new Promise<void>((resolve) => {
    process.stdout.write(data, () => resolve());
  });
}
