# What is wrong with a faulty system. Each fault lives in the system's own scripts and units, and only going back mends it.
lib: { fault, fillPath ? "/var/lib/chimera" }:
let
  oneshot = description: start: stop: {
    wantedBy = [ "multi-user.target" ];
    text = ''
      [Unit]
      Description=${description}
      After=chimera-sentinel.service network.target

      [Service]
      Type=oneshot
      RemainAfterExit=yes
      Environment=PATH=${lib.unitPath}
      ExecStart=${start}
    '' + (if stop == null then "" else "ExecStop=${stop}\n");
  };
  script = name: text: lib.writeScript name "#!/bin/sh\n${text}";
  # A big file system is the host's own disk seen through the overlay: that one is not ours to fill.
  fill = path: ''
    set -eu
    size=$(stat -f -c '%b * %S' ${path})
    if [ "$(($size))" -gt 2147483648 ]; then
      echo "lab fault: ${path} is larger than 2 GiB: give the node a small data disk" >&2
      exit 1
    fi
    cat /dev/zero > ${path}/lab-fill 2>/dev/null || true
  '';
  empty = path: "rm -f ${path}/lab-fill";
  nothing = {
    preSwitch = ""; activation = ""; initInterface = null; init = ""; tmux = null; breaksAgent = false; units = { };
    kernelParams = [ ]; kernelBoots = true;
  };
  faults = {
    none = { };
    exit1.preSwitch = ''
      echo "lab fault: the pre-switch check refuses" >&2
      exit 1
    '';
    exit2.activation = ''
      echo "lab fault: an activation snippet fails" >&2
      false
    '';
    exit4.units."lab-fault.service" = oneshot "Lab fault: fails to start" "/bin/false" null;
    # Up when the switch ends, failed a moment later: what probation is for.
    fail-unit.units."lab-fault.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Lab fault: dies after it started

        [Service]
        ExecStart=/bin/sh -c 'sleep 3; exit 3'
      '';
    };
    exit100.initInterface = "systemd 999";
    # Does not even end when it is asked to.
    hang.activation = ''
      echo "lab fault: activation hangs" >&2
      trap "" TERM HUP INT
      while :; do sleep 1; done
    '';
    cut-network.units."lab-fault.service" = oneshot "Lab fault: cuts the network"
      (script "lab-cut-network" ''
        set -eu
        nft add table inet lab_fault
        nft 'add chain inet lab_fault in { type filter hook input priority -300; policy drop; }'
        nft 'add chain inet lab_fault out { type filter hook output priority -300; policy drop; }'
        nft add rule inet lab_fault in iif lo accept
        nft add rule inet lab_fault out oif lo accept
        # The door by which the lab itself enters a VM is no part of the machine's network.
        nft add rule inet lab_fault in iifname lab0 accept
        nft add rule inet lab_fault out oifname lab0 accept
      '')
      (script "lab-mend-network" "nft delete table inet lab_fault");
    kill-agent.activation = ''
      if read -r pid 2>/dev/null < /run/chimera/agent.pid; then
        echo "lab fault: killing the agent ($pid)" >&2
        kill -KILL "$pid" || true
      fi
    '';
    # Up for longer than the switch and most of a probation.
    fail-late.units."lab-fault.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Lab fault: dies 20 s after it started

        [Service]
        ExecStart=/bin/sh -c 'sleep 20; exit 3'
      '';
    };
    # Never failed for long: systemd starts it again each time.
    flap.units."lab-fault.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Lab fault: dies every 2 s
        StartLimitIntervalSec=0

        [Service]
        ExecStart=/bin/sh -c 'sleep 2; exit 3'
        Restart=always
        RestartSec=100ms
      '';
    };
    # Whoever reads the activation's output to its end waits for ever, and SIGTERM does not help.
    fork-daemon.activation = ''
      (
        trap "" TERM HUP INT
        while :; do sleep 1; done
      ) &
      echo "$!" > /run/lab-daemon.pid
      echo "lab fault: a daemon ($!) keeps the activation's output" >&2
    '';
    # It would start: only when it is to work does it end. Who is at work already is killed.
    break-agent = {
      breaksAgent = true;
      activation = faults.kill-agent.activation;
    };
    # By a unit, since it starts when systemd has read the new sentinel.
    break-tmux = {
      tmux = "/bin/false";
      units."lab-fault.service" = oneshot "Lab fault: kills the tmux server, which cannot start again"
        (script "lab-kill-tmux" ''kill -KILL "$(systemctl show -P MainPID chimera-sentinel.service)"'')
        null;
    };
    # Of memory, so that a restart mends it too.
    break-nix.units."lab-fault.service" = oneshot "Lab fault: hides Nix's database"
      (script "lab-break-nix" "mount -t tmpfs -o ro,size=64k lab-fault /nix/var/nix/db")
      (script "lab-mend-nix" "umount --lazy /nix/var/nix/db");
    fill-disk.units."lab-fault.service" = oneshot "Lab fault: fills the disk"
      (script "lab-fill-disk" (fill fillPath))
      (script "lab-empty-disk" (empty fillPath));
    # The unit only mends.
    fill-activation = {
      activation = ''
        (
        ${fill fillPath}
        )
        echo "lab fault: ${fillPath} is full" >&2
        false
      '';
      units."lab-fault.service" = oneshot "Lab fault: the activation filled the disk" "/bin/true"
        (script "lab-empty-disk" (empty fillPath));
    };
    fill-boot.units."lab-fault.service" = oneshot "Lab fault: fills the boot partition"
      (script "lab-fill-boot" (fill "/boot"))
      (script "lab-empty-boot" (empty "/boot"));
    # What a container has in the place of a kernel that panics: a reset, without a word to anybody.
    no-boot.init = ''
      echo "lab fault: this system does not boot" >&2
      sleep 1
      exec systemctl reboot --force --force
    '';
    # The kernel starts, the machine reboots 5 s after its panic.
    boot-panic.kernelParams = [ "panic=5" "lab.panic" ];
    # The loader cannot start it; the machine stands still until somebody switches it off.
    boot-garbage.kernelBoots = false;
  };
in
nothing // (faults.${fault} or (throw "unknown fault ${fault}: one of ${toString (builtins.attrNames faults)}"))
