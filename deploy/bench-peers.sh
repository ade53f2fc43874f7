#!/bin/sh
# Installs what `checker bench node` measures beside the server: etcd and PostgreSQL, from Debian's packages. No test needs them.
set -eu
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends etcd-server etcd-client postgresql
# The packages start servers of their own, which would only be in the way.
for service in etcd postgresql; do
  if command -v systemctl >/dev/null; then systemctl disable --now "$service" >/dev/null 2>&1 || true; fi
done
etcd --version | head -1
/usr/lib/postgresql/*/bin/postgres --version
