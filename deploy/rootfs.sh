#!/bin/sh
# rootfs.sh FOLDER: adds what the program in it needs at run time to make it a root of its own.
set -eu
root=$1

# Libraries, where the loader looks for them; the loader itself.
ldd "$root/usr/bin/tidegate" | grep -o '/[^ ]*' | while read -r file; do
  mkdir -p "$root$(dirname "$file")"
  cp -L "$file" "$root$file"
done

# TLS, time zones, names of users and services (getpwuid of libpq; ports by name).
mkdir -p "$root/etc/ssl/certs" "$root/etc/tidegate" "$root/tmp" "$root/usr/lib/ssl"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -L /usr/lib/ssl/openssl.cnf "$root/usr/lib/ssl/" 2>/dev/null || true
echo 'root:x:0:0:root:/:/sbin/nologin
tidegate:x:65532:65532:tidegate:/:/sbin/nologin' >"$root/etc/passwd"
echo 'root:x:0:
tidegate:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
chmod 1777 "$root/tmp"
