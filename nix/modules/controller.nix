# The Chimera controller, and nats-server beside it where `nats.enable` says so.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption mkIf types;
  cfg = config.services.chimera.controller;
  format = pkgs.formats.json { };
  hardening = import ../pure/hardening.nix;
  secrets = import ../pure/secrets.nix { inherit (builtins) storeDir; };
  natsServer = import ../pure/nats-server.nix;
  declaredNodes = import ./declared-nodes.nix { inherit lib option; };
  trustedKeys = import ./trusted-keys.nix { inherit lib; };
  option = "services.chimera.controller";
  stateDir = "/var/lib/chimera-controller";

  declared = cfg.nodes != { };
  # The schema knows a key that is absent, not one that is null.
  settings = removeAttrs cfg.settings (lib.optional (cfg.settings.freshKeyFile == null) "freshKeyFile");
  settingsFile = format.generate "chimera-controller.json" settings;
  nodesFile = format.generate "chimera-nodes.json" {
    v = 1;
    inherit (cfg) nodes operators;
  };
in
{
  imports = [ ./stand-in.nix ];

  options.services.chimera.controller = {
    enable = lib.mkEnableOption "the Chimera controller";

    package = lib.mkPackageOption pkgs "chimera" { };

    natsSeedFile = mkOption {
      type = types.str;
      example = "/var/lib/secrets/chimera-controller.seed";
      description = ''
        File with the controller's nkey seed: a string, never a file of the Nix store. systemd hands it to the service as
        a credential, so only root needs to read it.
      '';
    };

    freshKeyFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "/var/lib/secrets/chimera-fresh.key";
      description = ''
        File with the controller's online key (role `fresh` of the key set), with which it tells nodes that they see the newest
        documents; it can change no node. A string, never a file of the Nix store. systemd hands it to the service as a
        credential, so only root needs to read it. Without it the fleet has no alarm against being frozen.
      '';
    };

    nodes = mkOption {
      inherit (declaredNodes) type;
      default = { };
      description = ''
        The nodes of the fleet with their public keys. Where this is empty, nodes are added with
        `chimera-controller node add`.
      '';
    };

    operators = mkOption {
      type = declaredNodes.operatorsType;
      default = { };
      description = ''
        People who can release a panic straight in NATS when no controller answers, each with the public nkey that
        `chimera keys nats` printed for them. They can write under the panic's name and nowhere else; nodes go by what is signed.
        Whoever steals such a seed can release the panic that lies ready, so undo each deployment, and lay garbage over a
        panic, which a running controller puts back. Taking the entry out ends that.
      '';
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Open the controller's port, and that of nats-server where it runs here.";
    };

    nats = {
      enable = lib.mkEnableOption "nats-server for the fleet on this machine";
      controllerNkey = mkOption {
        type = declaredNodes.userNkey;
        description = "Public half of {option}`services.chimera.controller.natsSeedFile`.";
      };
    };

    settings = mkOption {
      type = import ./controller-settings.nix {
        inherit lib format;
        nodesFile = if declared then "/etc/chimera/nodes.json" else "${stateDir}/nodes.json";
        freshKeyFile = if cfg.freshKeyFile == null then null else "/run/credentials/chimera-controller.service/fresh.key";
      };
      description = ''
        Written to {file}`/etc/chimera/controller.json`. Keys that are not listed here are passed on as they are; the
        controller's schema is strict, so it **refuses to start** with one that it does not know and names it.
      '';
    };
  };

  config = mkIf cfg.enable {
    assertions =
      secrets.assertions (
        lib.filterAttrs (_: file: file != null) {
          "${option}.natsSeedFile" = cfg.natsSeedFile;
          "${option}.freshKeyFile" = cfg.freshKeyFile;
          "${option}.settings.nats.seedFile" = cfg.settings.nats.seedFile;
          "${option}.settings.tokensFile" = cfg.settings.tokensFile;
          "${option}.settings.freshKeyFile" = cfg.settings.freshKeyFile;
        }
      )
      ++ declaredNodes.assertions cfg
      ++ [
        (trustedKeys.assertion "${option}.settings" cfg.settings)
        {
          assertion = cfg.nats.enable -> declared;
          message = "${option}.nats.enable: nats-server learns its users from ${option}.nodes, which is empty";
        }
        {
          # Older ones let a client in without its key (advisories 2026-16 and 2026-18).
          assertion = cfg.nats.enable -> lib.versionAtLeast pkgs.nats-server.version "2.14.3";
          message = "${option}.nats.enable: nats-server ${pkgs.nats-server.version} is older than 2.14.3, which mends a way around authentication";
        }
      ];

    # Of a submodule that nobody defines, the module system names a missing key without its path.
    services.chimera.controller.settings = { };

    environment.systemPackages = [ cfg.package ];

    environment.etc = {
      "chimera/controller.json".source = settingsFile;
      "chimera/nodes.json" = mkIf declared { source = nodesFile; };
    };

    networking.firewall.allowedTCPPorts = mkIf cfg.openFirewall (
      [ cfg.settings.listen.port ] ++ lib.optional cfg.nats.enable config.services.nats.port
    );

    users.users.chimera-controller = {
      description = "Chimera controller";
      isSystemUser = true;
      group = "chimera-controller";
      home = stateDir;
    };
    users.groups.chimera-controller = { };

    systemd.services.chimera-controller = {
      description = "Chimera controller";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ] ++ lib.optional cfg.nats.enable "nats.service";
      restartTriggers = [ settingsFile ] ++ lib.optional declared nodesFile;
      startLimitIntervalSec = 0;
      serviceConfig = hardening.controller // {
        ExecStart = "${lib.getExe' cfg.package "chimera-controller"} serve --config /etc/chimera/controller.json";
        Restart = "always";
        RestartSec = 1;
        User = "chimera-controller";
        Group = "chimera-controller";
        StateDirectory = "chimera-controller";
        StateDirectoryMode = "0700";
        LoadCredential = [
          "nats.seed:${cfg.natsSeedFile}"
        ]
        ++ lib.optional (cfg.freshKeyFile != null) "fresh.key:${cfg.freshKeyFile}";
        # All but the state directory is read-only for it; a cache elsewhere (its own disk) must be writable too.
        ReadWritePaths = lib.optional (!lib.hasPrefix "${stateDir}/" cfg.settings.cacheDir) cfg.settings.cacheDir;
      };
    };

    services.nats = mkIf cfg.nats.enable {
      enable = true;
      jetstream = true;
      serverName = lib.mkDefault config.networking.hostName;
      settings = natsServer.settings {
        inherit (cfg.settings) fleetId;
        inherit (cfg.nats) controllerNkey;
        inherit (cfg) nodes operators;
      };
    };
  };
}
