# A lead of rollouts on the controller's machine, for fleets none of whose nodes may lead (docs/rollouts.md). It holds no key that can
# change a node: what it writes is not signed.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption mkIf types;
  controller = config.services.chimera.controller;
  cfg = controller.standIn;
  names = import ../pure/names.nix;
  hardening = import ../pure/hardening.nix;
  secrets = import ../pure/secrets.nix { inherit (builtins) storeDir; };
  format = pkgs.formats.json { };
  option = "services.chimera.controller.standIn";
  credentials = "/run/credentials/chimera-stand-in.service";
  settingsFile = format.generate "chimera-stand-in.json" {
    node = cfg.name;
    inherit (controller.settings) fleetId trustedKeys;
    nats = {
      inherit (controller.settings.nats) servers;
      seedFile = "${credentials}/nats.seed";
    };
    controller = {
      url = cfg.controllerUrl;
      tokenFile = "${credentials}/token";
    };
    inherit (cfg) afterSeconds;
  };
in
{
  options.services.chimera.controller.standIn = {
    enable = lib.mkEnableOption "a lead of rollouts on this machine, for when no node leads";

    name = mkOption {
      type = types.addCheck types.str names.isNodeName // {
        description = "node name";
      };
      default = "stand-in";
      description = ''
        Its name among the nodes that the controller knows. It is made like a node's identity
        (`chimera-agent identity --node stand-in`), may lead, and is in no world.
      '';
    };

    natsSeedFile = mkOption {
      type = types.str;
      example = "/var/lib/secrets/stand-in.seed";
      description = "File with its nkey seed: a string, never a file of the Nix store. systemd hands it over as a credential.";
    };

    tokenFile = mkOption {
      type = types.str;
      example = "/var/lib/secrets/stand-in.token";
      description = "File with its token of role `node`, with which it reads the lists of waves. Handed over in the same way.";
    };

    controllerUrl = mkOption {
      type = types.strMatching "https?://.+";
      default = "http://127.0.0.1:${toString controller.settings.listen.port}";
      defaultText = lib.literalMD "the controller on this machine";
      description = "Where it reads the lists of waves.";
    };

    afterSeconds = mkOption {
      type = types.ints.between 20 3600;
      default = 60;
      description = "So long nobody must have been heard to lead. A node steps in for another one after 15 s.";
    };
  };

  config = mkIf (controller.enable && cfg.enable) {
    assertions =
      secrets.assertions {
        "${option}.natsSeedFile" = cfg.natsSeedFile;
        "${option}.tokenFile" = cfg.tokenFile;
      }
      ++ [
        {
          assertion = controller.nodes != { } -> (controller.nodes.${cfg.name} or { lead = false; }).lead;
          message = "${option}: services.chimera.controller.nodes.${cfg.name} must be declared, with lead = true";
        }
      ];

    environment.etc."chimera/stand-in.json".source = settingsFile;

    systemd.services.chimera-stand-in = {
      description = "Chimera: leads rollouts where no node does";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "chimera-controller.service"
      ];
      restartTriggers = [ settingsFile ];
      startLimitIntervalSec = 0;
      serviceConfig = hardening.controller // {
        ExecStart = "${lib.getExe' controller.package "chimera-agent"} stand-in --config /etc/chimera/stand-in.json";
        Restart = "always";
        RestartSec = 1;
        DynamicUser = true;
        StateDirectory = "chimera-stand-in";
        StateDirectoryMode = "0700";
        LoadCredential = [
          "nats.seed:${cfg.natsSeedFile}"
          "token:${cfg.tokenFile}"
        ];
      };
    };
  };
}
