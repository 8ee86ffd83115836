/**
 * PURE. The configuration of nats-server but for who may connect, which is a list of nkeys, or passes. Data is synced before it is
 * acknowledged; nobody is anonymous.
 */
export interface ServerSettings {
  host: string;
  port: number;
  storeDir: string;
  maxMemoryBytes: number;
  maxFileBytes: number;
}

export const usualServer: ServerSettings = {
  host: "0.0.0.0",
  port: 4222,
  storeDir: "/var/lib/nats",
  maxMemoryBytes: 512 << 20,
  maxFileBytes: 8 * 1024 * (1 << 20),
};

/** A thousand agents that come back at once sign for longer than the default of 2 s. */
export const loginSeconds = 10;

export function commonSettings({ host, port, storeDir, maxMemoryBytes, maxFileBytes }: ServerSettings) {
  return {
    server_name: "chimera",
    host,
    port,
    jetstream: {
      store_dir: storeDir,
      // JetStream acknowledges before fsync by default: a power cut would lose heads that were confirmed.
      sync_interval: "always",
      max_memory_store: maxMemoryBytes,
      max_file_store: maxFileBytes,
    },
    max_payload: 2 << 20,
    write_deadline: "10s",
    ping_interval: "20s",
    ping_max: 2,
  };
}

export interface PassServerJwts {
  /** JWT of the root. */
  root: string;
  account: { nkey: string; jwt: string };
  system: { nkey: string; jwt: string };
}

/** With passes: whom the root's accounts let in. What is pushed to the server later is kept in its folder, and outlives an older text here. */
export function passSettings(server: ServerSettings, { root, account, system }: PassServerJwts) {
  return {
    ...commonSettings(server),
    authorization: { timeout: loginSeconds },
    operator: root,
    system_account: system.nkey,
    resolver: { type: "full", dir: `${server.storeDir}/accounts`, allow_delete: false, interval: "2m" },
    resolver_preload: { [account.nkey]: account.jwt, [system.nkey]: system.jwt },
  };
}

/** One `key: JSON` a line, which is legal in nats-server's format and cannot be broken out of by a value. */
export function renderServerConfig(settings: object, writtenBy: string): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value, null, 2)}`);
  return `# ${writtenBy}\n${lines.join("\n")}\n`;
}
