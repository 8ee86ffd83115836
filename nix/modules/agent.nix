# The Chimera agent on a node: the tmux sentinel it lives in, its watchdog, its identity and its configuration.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.chimera.agent;
  format = pkgs.formats.json { };
  sentinel = import ../pure/sentinel.nix;
  hardening = import ../pure/hardening.nix;
  health = import ../pure/health-checks.nix;
  secrets = import ../pure/secrets.nix { inherit (builtins) storeDir; };
  trustedKeys = import ./trusted-keys.nix { inherit lib; };
  option = "services.chimera.agent";

  tmux = lib.getExe pkgs.tmux;
  socket = "/run/chimera/tmux.sock";
  shell = pkgs.runtimeShell;
  supervisor = pkgs.writeScript "chimera-supervisor" (sentinel.supervisor shell);
  watchdog = pkgs.writeScript "chimera-watchdog" (sentinel.watchdog shell);
  wake = pkgs.writeScript "chimera-wake" (sentinel.wake shell);
  updateTmux = pkgs.writeScript "chimera-update-tmux" (sentinel.updateTmux shell);
  path = import ./unit-path.nix { inherit config pkgs; };

  healthProblems =
    health.checkProblems "${option}.settings.checks" cfg.settings.checks
    ++ health.ruleProblems "${option}.settings.units" cfg.settings.units;
  inherit (cfg.settings) drift reboot;
  # The agent's schema knows no null.
  withoutNulls = lib.filterAttrs (_: value: value != null);
  settings = cfg.settings // {
    reboot = withoutNulls reboot;
    drift = withoutNulls drift // {
      ignore = map withoutNulls drift.ignore;
      rules = map withoutNulls drift.rules;
      classes = withoutNulls drift.classes;
    };
  };

  secretFiles = {
    "${option}.settings.nats.seedFile" = cfg.settings.nats.seedFile;
    "${option}.settings.controller.tokenFile" = cfg.settings.controller.tokenFile;
    "${option}.settings.nodeKeyFile" = cfg.settings.nodeKeyFile;
  };
in
{
  imports = [ ./agent-recovery.nix ];

  options.services.chimera.agent = {
    enable = lib.mkEnableOption "the Chimera agent";

    package = lib.mkPackageOption pkgs "chimera" { };

    createIdentity = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Make {file}`nats.seed` and {file}`node.key` in {file}`/var/lib/chimera/identity` where they are missing. Their
        public halves are in the journal of `chimera-identity.service`.
      '';
    };

    settings = mkOption {
      type = import ./agent-settings.nix {
        inherit lib format;
        inherit (config.networking) hostName;
      };
      description = ''
        Written to {file}`/etc/chimera/agent.json`. Keys that are not listed here are passed on as they are; the agent's
        schema is strict, so it **refuses to start** with one that it does not know and names it.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = secrets.assertions secretFiles ++ [
      (trustedKeys.assertion "${option}.settings" cfg.settings)
      {
        assertion = config.nix.enable;
        message = "${option}: the agent pulls closures with Nix, but nix.enable is false";
      }
      {
        assertion = config.nix.settings.require-sigs or true;
        message = "${option}: nix.settings.require-sigs must stay on, or any cache could change this node";
      }
      {
        assertion = reboot.policy == "window" -> reboot.window != null;
        message = "${option}.settings.reboot.window: policy \"window\" needs one, or this node would never restart";
      }
    ]
    ++ map (message: {
      assertion = false;
      inherit message;
    }) healthProblems;

    # Of a submodule that nobody defines, the module system names a missing key without its path.
    services.chimera.agent.settings = { };

    nix.settings.trusted-public-keys = cfg.settings.nix.trustedPublicKeys;

    environment.systemPackages = [
      cfg.package
      pkgs.tmux
    ];

    environment.etc = {
      "chimera/agent.json".source = format.generate "chimera-agent.json" settings;
      "chimera/tmux.conf".text = sentinel.tmuxConf tmux;
      "chimera/agent-window.conf".text = sentinel.agentWindowConf {
        inherit tmux;
        supervisor = "${supervisor}";
      };
    };

    # A switch must not touch it: the agent that drives the switch lives in it. A newer agent is started by the supervisor.
    systemd.services.chimera-sentinel = {
      description = "Chimera sentinel (tmux server with the agent's session)";
      wantedBy = [ "multi-user.target" ];
      restartIfChanged = false;
      startLimitIntervalSec = 0;
      unitConfig.X-StopOnRemoval = false;
      inherit path;
      environment = {
        TERM = "xterm-256color";
        LANG = "C.UTF-8";
        HOME = "/root";
      };
      serviceConfig = hardening.sentinel // {
        Type = "simple";
        # Another server on this socket (a stray `tmux new-session`) would make ours die again and again.
        ExecStartPre = "-${tmux} -N -S ${socket} kill-server";
        ExecStart = "${tmux} -D -S ${socket} -f /etc/chimera/tmux.conf";
        ExecStartPost = "${wake} ${tmux}";
        Restart = "always";
        RestartSec = "500ms";
        KillMode = "mixed";
        RuntimeDirectory = "chimera";
        RuntimeDirectoryMode = "0700";
        RuntimeDirectoryPreserve = true;
        StateDirectory = "chimera";
        StateDirectoryMode = "0700";
        OOMScoreAdjust = -500;
        # The store's worker is the first to go; that is no reason to end the agent with it.
        OOMPolicy = "continue";
      };
    };

    systemd.services.chimera-watchdog = {
      description = "Chimera watchdog (restarts an agent that makes no progress)";
      restartIfChanged = false;
      inherit path;
      serviceConfig = hardening.watchdog // {
        Type = "oneshot";
        ExecStart = "${watchdog} ${updateTmux}";
        # One that hung would never be started again.
        TimeoutStartSec = "2min";
      };
    };

    systemd.timers.chimera-watchdog = {
      description = "Chimera watchdog";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnStartupSec = "15s";
        OnUnitActiveSec = "30s";
        AccuracySec = "1s";
      };
    };

    systemd.services.chimera-identity = lib.mkIf cfg.createIdentity {
      description = "Chimera identity of this node";
      wantedBy = [ "chimera-sentinel.service" ];
      before = [ "chimera-sentinel.service" ];
      serviceConfig = hardening.identity // {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = lib.escapeShellArgs [
          "${lib.getExe' cfg.package "chimera-agent"}"
          "identity"
          "--dir"
          "/var/lib/chimera/identity"
          "--node"
          cfg.settings.node
        ];
        StateDirectory = "chimera";
        StateDirectoryMode = "0700";
      };
    };
  };
}
