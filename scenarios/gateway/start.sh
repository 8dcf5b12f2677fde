#!/usr/bin/env bash
# Starts what scenarios/gateway.yaml measures, on this machine: two replicas of the bundled server, and an nginx that
# balances them once by connection (L4) and once by request (L7). Runs until Ctrl-C, and then tells how many calls
# each replica has answered.
#
#   scenarios/gateway/start.sh [first port: 18080]
#
# Needs nginx with its stream module (Debian: nginx-light and libnginx-mod-stream).
set -euo pipefail
base=${1:-18080}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
children=()

finish() {
  trap - EXIT INT TERM
  for port in $((base + 1)) $((base + 3)); do calls "$port" || true; done
  kill "${children[@]}" 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 0' INT TERM

calls() {
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
  echo "replica at port $1:"
  grep '^infer_requests_total' <&3 | sed 's/^/  /' || echo '  no call'
  exec 3>&-
}

# A port on which someone listens. $2: who should; where that process has ended there is nothing to wait for.
listening() {
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    kill -0 "$2" 2>/dev/null || { echo "error: nothing listens on port $1" >&2; exit 1; }
    sleep 0.1
  done
}

for offset in 1 3; do
  node "$here/../../dist/src/bin.js" serve --provider cpu \
    --port $((base + offset)) --grpc-port $((base + offset + 1)) >"$folder/replica-$offset.log" &
  children+=($!)
done

built=$(nginx -V 2>&1)
modules=$(sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p' <<<"$built")
load=''
if [[ -f $modules/ngx_stream_module.so ]]; then
  load="load_module $modules/ngx_stream_module.so;"
elif ! grep -q -e '--with-stream\( \|$\)' <<<"$built"; then
  echo 'error: this nginx has no stream module (Debian: libnginx-mod-stream)' >&2
  exit 1
fi

cat >"$folder/nginx.conf" <<CONF
$load
daemon off;
worker_processes 1;
pid $folder/nginx.pid;
events { worker_connections 1024; }

# L4: a connection goes to one replica, and stays there.
stream {
  upstream http { server 127.0.0.1:$((base + 1)); server 127.0.0.1:$((base + 3)); }
  upstream grpc { server 127.0.0.1:$((base + 2)); server 127.0.0.1:$((base + 4)); }
  server { listen 127.0.0.1:$((base + 5)); proxy_pass http; tcp_nodelay on; }
  server { listen 127.0.0.1:$((base + 6)); proxy_pass grpc; tcp_nodelay on; }
}

# L7: each request goes to one replica, whatever connection it came on.
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;
  uwsgi_temp_path $folder; scgi_temp_path $folder;
  upstream http { server 127.0.0.1:$((base + 1)); server 127.0.0.1:$((base + 3)); keepalive 64; keepalive_requests 100000000; }
  upstream grpc { server 127.0.0.1:$((base + 2)); server 127.0.0.1:$((base + 4)); keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:$((base + 7));
    location / {
      proxy_pass http://http;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
  server {
    listen 127.0.0.1:$((base + 8)) http2;
    location / { grpc_pass grpc://grpc; }
  }
}
CONF

listening $((base + 2)) "${children[0]}"
listening $((base + 4)) "${children[1]}"
nginx -p "$folder" -c "$folder/nginx.conf" -e stderr &
children+=($!)
listening $((base + 8)) "${children[2]}"

cat <<READY
export DIRECT_HTTP_URL=http://127.0.0.1:$((base + 1)) DIRECT_GRPC_URL=grpc://127.0.0.1:$((base + 2))
export L4_HTTP_URL=http://127.0.0.1:$((base + 5)) L4_GRPC_URL=grpc://127.0.0.1:$((base + 6))
export L7_HTTP_URL=http://127.0.0.1:$((base + 7)) L7_GRPC_URL=grpc://127.0.0.1:$((base + 8))
ready
READY
wait -n
