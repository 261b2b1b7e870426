#!/bin/sh
# The account that calls sudo gets its first password here. sudo runs this without asking, because there is nothing to ask
# for yet; once there is a password this does nothing any more, and sudo asks for it (docs/decisions/0005-presence.md).
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

account=${SUDO_USER:?call it through sudo}
# passwd(1), -S: L is locked, NP has no password, P has one.
state=$(passwd -S "$account" | cut -d ' ' -f 2)
case $state in
    L | NP) ;;
    *)
        echo "$account has a password already; passwd changes it and asks for the old one" >&2
        exit 1
        ;;
esac
if ! [ -t 0 ]; then
    echo "a password is typed on a terminal: ssh -t $account@HOST sudo sanctum-first-password" >&2
    exit 1
fi
exec passwd "$account"
