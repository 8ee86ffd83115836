# A fleet's node: the sentinel with the agent, its watchdog, and the small services that make a switch worth watching.
lib: { spec, chimera, tmux }:
let
  sentinel = ../../../nix/sentinel;
  hardening = import ../../../nix/pure/hardening.nix;
  supervisor = lib.writeScript "chimera-supervisor" (builtins.readFile (sentinel + "/supervisor.sh"));
  watchdog = lib.writeScript "chimera-watchdog" (builtins.readFile (sentinel + "/watchdog.sh"));
  wake = lib.writeScript "chimera-wake" (builtins.readFile (sentinel + "/wake.sh"));
  updateTmux = lib.writeScript "chimera-update-tmux" (builtins.readFile (sentinel + "/update-tmux.sh"));
  gate = lib.writeScript "chimera-gate" (builtins.readFile (sentinel + "/gate.sh"));
  environment = ''
    Environment=PATH=${lib.unitPath}
    Environment=LANG=C.UTF-8
    Environment=TERM=xterm-256color
    Environment=HOME=/root
  '';
  folders = ''
    RuntimeDirectory=chimera
    RuntimeDirectoryMode=0700
    RuntimeDirectoryPreserve=yes
    StateDirectory=chimera
    StateDirectoryMode=0700
    UMask=0077
  '';
  socket = "/run/chimera/tmux.sock";

  appUnit = app: {
    name = "${app.name}.service";
    value = {
      wantedBy = if app.run or true then [ "multi-user.target" ] else [ ];
      text = ''
        [Unit]
        Description=Lab service ${app.name}

        [Service]
        Environment=LAB_REVISION=${app.revision or "0"}
        ExecStart=/usr/bin/sleep infinity
        ${if app ? stopMs then "ExecStop=/usr/bin/sleep ${toString (app.stopMs / 1000.0)}" else ""}
        ${if app.restartIfChanged or true then "" else "X-RestartIfChanged=false"}
      '';
    };
  };
in
{
  etc = {
    "chimera/agent.json".text = builtins.toJSON (spec.agentConfig or { });
    "chimera/tmux.conf".text = lib.fill { inherit tmux; } (sentinel + "/tmux.conf");
    "chimera/agent-window.conf".text = lib.fill { inherit tmux supervisor; } (sentinel + "/agent-window.conf");
  };

  units = {
    # Before the sentinel, and only by order: where it fails, the agent does the rest.
    "chimera-recover.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Chimera recovery (finishes or undoes what was interrupted)
        After=local-fs.target
        Before=chimera-sentinel.service
        RequiresMountsFor=/nix/store /var/lib/chimera
        X-StopOnRemoval=false

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ${environment}
        ExecStart=${chimera}/bin/chimera-recover --config /etc/chimera/agent.json
        TimeoutStartSec=25min
        ${folders}
        X-RestartIfChanged=false
      '';
    };
    # A switch must not touch it: the agent that drives the switch lives in it. What it runs is replaced by the supervisor.
    "chimera-sentinel.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Chimera sentinel (tmux server with the agent's session)
        StartLimitIntervalSec=0
        X-StopOnRemoval=false

        [Service]
        Type=simple
        ${environment}
        ExecStartPre=-${tmux} -N -S ${socket} kill-server
        ExecStart=${tmux} -D -S ${socket} -f /etc/chimera/tmux.conf
        ExecStartPost=${wake} ${tmux}
        Restart=always
        RestartSec=500ms
        KillMode=mixed
        ${folders}
        ${hardening.lines hardening.sentinel}
        OOMScoreAdjust=-500
        OOMPolicy=continue
        X-RestartIfChanged=false
      '';
    };
    "chimera-watchdog.service".text = ''
      [Unit]
      Description=Chimera watchdog (restarts an agent that makes no progress)

      [Service]
      Type=oneshot
      ${environment}
      ExecStart=${watchdog} ${updateTmux}
      TimeoutStartSec=2min
      ${hardening.lines hardening.watchdog}
      X-RestartIfChanged=false
    '';
    "chimera-watchdog.timer" = {
      wantedBy = [ "timers.target" ];
      text = ''
        [Unit]
        Description=Chimera watchdog

        [Timer]
        OnStartupSec=15s
        OnUnitActiveSec=30s
        AccuracySec=1s
      '';
    };
  } // lib.optional (spec ? boot) {
    # A container has no loader that counts. After the sentinel, whose agent gives the proof; boot-complete.target is not
    # ordered before or after multi-user.target, so the boot itself does not wait for the gate.
    "chimera-gate.service" = {
      requiredBy = [ "boot-complete.target" ];
      text = ''
        [Unit]
        Description=Chimera gate (a boot is complete when the booted system has proved itself)
        After=chimera-sentinel.service
        Before=boot-complete.target
        X-StopOnRemoval=false

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ${environment}
        ExecStart=${gate} ${chimera}/bin/chimera-agent
        TimeoutStartSec=2h
        X-RestartIfChanged=false
      '';
    };
  } // builtins.listToAttrs (map appUnit (spec.apps or [ ]));
}
