import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The opening of a configuration of one nginx process that keeps its files in `folder` and writes no access log. */
export function nginxBasis(folder: string, name: string): string {
  const own = join(folder, name)
  mkdirSync(own)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
  master_process off;
  pid ${own}/pid;
  error_log stderr error;
  events { worker_connections 8192; multi_accept on; }
  http {
    access_log off;
    default_type text/plain;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_buffer_size 128k;
    ${temporary.map((kind) => `${kind}_temp_path ${own}/${kind};`).join(' ')}`
}
