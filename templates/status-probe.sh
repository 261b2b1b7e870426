# Asked of a node over SSH: its status document where sanctum is installed, else a few facts of the machine.
# It reads and changes nothing. It is sent as it is, on standard input of `/bin/sh -s`: no value is ever put into it.
# The calls stand after the functions, so that a script that arrives cut does nothing.
sanctum_status() {
    if [ -x /opt/sanctum/bin/sanctum ]; then
        exec /opt/sanctum/bin/sanctum status --json --quiet </dev/null
    fi
    if command -v sanctum >/dev/null 2>&1; then
        exec sanctum status --json --quiet </dev/null
    fi
}

sanctum_say() {
    [ -n "$2" ] || return 0
    printf '%s %s\n' "$1" "$2"
    sanctum_lines=$((sanctum_lines + 1))
}

sanctum_probe() {
    set -f
    PATH=/usr/bin:/bin:/usr/sbin:/sbin
    LC_ALL=C
    export PATH LC_ALL
    sanctum_lines=0
    printf 'sanctum-probe 1\n'
    sanctum_say at "$(date +%s)"
    node=
    if [ -r /etc/sanctum/node ]; then read -r node </etc/sanctum/node; fi
    sanctum_say node "$node"
    if [ -r /proc/uptime ]; then
        read -r name </proc/sys/kernel/hostname
        read -r os </proc/sys/kernel/ostype
        read -r kernel </proc/sys/kernel/osrelease
        read -r up rest </proc/uptime
        read -r load rest </proc/loadavg
        up=${up%%.*}
    else
        os=$(uname -s)
        name=$(uname -n)
        kernel=$(uname -r)
        # { sec = 1763794800, usec = 0 } Sat Nov 22 07:00:00 2026
        set -- $(sysctl -n kern.boottime 2>/dev/null)
        up=${4%,}
        case $up in
        '' | *[!0-9]*) up= ;;
        *) up=$(($(date +%s) - up)) ;;
        esac
        # { 1.05 0.90 0.85 }
        set -- $(sysctl -n vm.loadavg 2>/dev/null)
        load=$2
    fi
    sanctum_say host "$name"
    sanctum_say os "$os"
    sanctum_say kernel "$kernel"
    sanctum_say uptime "$up"
    sanctum_say load "$load"
    # Filesystem 1024-blocks Used Available Capacity Mounted on, then the line of the root file system (POSIX df -P).
    set -- $(df -Pk / 2>/dev/null)
    if [ $# -eq 13 ]; then
        sanctum_say root-kib "$9"
        shift 10
        sanctum_say root-free-kib "$1"
    fi
    printf 'end %s\n' "$sanctum_lines"
}

