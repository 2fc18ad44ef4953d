/** The values in the configuration of a proxy. */
export interface Surroundings {
  /** Where it listens, and where the service does. */
  readonly port: number
  readonly servicePort: number
  /** For everything it writes; the access log goes to `access.log` there. */
  readonly directory: string
}

/** How to run a proxy. Each line of its access log is `<hop> <whether it was passed on> <status> <request>`. */
export interface ProxyKind {
  readonly name: string
  /** The words of its command, given the path of its configuration. */
  command(config: string): readonly string[]
  config(surroundings: Surroundings): string
  /** What of a line says that the request was passed on to the service: its hop; undefined when it was not. */
  forwarded(line: string): string | undefined
}

/*
 * All are set up alike, and as for uploads: connections to the service are kept and shared, every request that is passed
 * on gets an X-Hop that no client can know, X-Forwarded-Host and -Proto tell the truth, and DELETE is forbidden: one
 * that arrives was smuggled.
 */

const nginx = (name: string, more: string): ProxyKind => ({
  name,
  command: (config) => ['nginx', '-e', 'stderr', '-c', config],
  config: ({ port, servicePort, directory }) => `
    daemon off;
    master_process off;
    pid ${directory}/nginx.pid;
    events { worker_connections 256; }
    http {
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${directory}/${of};`).join('\n')}
      log_format hops '$request_id $upstream_addr $status $request';
      access_log ${directory}/access.log hops;
      client_max_body_size 0;
      upstream service { server 127.0.0.1:${servicePort}; keepalive 4; }
      server {
        listen 127.0.0.1:${port};
        location / {
          limit_except GET POST PUT { deny all; }
          proxy_pass http://service;
          proxy_http_version 1.1;
          proxy_next_upstream off;
          proxy_set_header Connection '';
          proxy_set_header Host $http_host;
          proxy_set_header X-Hop $request_id;
          proxy_set_header X-Forwarded-Host $http_host;
          proxy_set_header X-Forwarded-Proto $scheme;
          ${more}
        }
      }
    }`,
  forwarded: hopUnlessSecondWordIs('-'),
})

const haproxy: ProxyKind = {
  name: 'HAProxy',
  command: (config) => ['haproxy', '-db', '-f', config],
  config: ({ port, servicePort }) => `
    global
      nbthread 1
      log stdout format raw local0
    defaults
      mode http
      log global
      timeout connect 5s
      timeout client 5s
      timeout server 30s
      retries 0
      http-reuse always
      unique-id-format %[uuid()]
      log-format "%ID %s %ST %HM"
    frontend clients
      bind 127.0.0.1:${port}
      http-request deny if METH_DELETE
      http-request set-header X-Hop %[unique-id]
      http-request set-header X-Forwarded-Host %[req.hdr(host)]
      http-request set-header X-Forwarded-Proto http
      default_backend service
    backend service
      server service 127.0.0.1:${servicePort}
`,
  forwarded: hopUnlessSecondWordIs('<NOSRV>'),
}

const apacheModules = ['mpm_event', 'authz_core', 'headers', 'unique_id', 'proxy', 'proxy_http']

const apache: ProxyKind = {
  name: 'Apache',
  command: (config) => ['apache2', '-DFOREGROUND', '-f', config],
  config: ({ port, servicePort, directory }) => `
    ServerRoot ${directory}
    ServerName localhost
    Listen 127.0.0.1:${port}
    PidFile ${directory}/apache.pid
    DefaultRuntimeDir ${directory}
    ${apacheModules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
    User www-data
    Group www-data
    StartServers 1
    ServerLimit 1
    ThreadsPerChild 16
    MaxRequestWorkers 16
    Timeout 5
    KeepAliveTimeout 5
    ErrorLog /dev/stderr
    LogFormat "%{UNIQUE_ID}e %{proxy-source-port}n %>s %r" hops
    CustomLog ${directory}/access.log hops
    AllowEncodedSlashes NoDecode
    ProxyTimeout 30
    ProxyPass / http://127.0.0.1:${servicePort}/ retry=0 max=4 nocanon
    RequestHeader set X-Hop "%{UNIQUE_ID}e"
    RequestHeader set X-Forwarded-Proto http
    <Location />
      <LimitExcept GET POST PUT>
        Require all denied
      </LimitExcept>
    </Location>
`,
  forwarded: hopUnlessSecondWordIs('-'),
}

function hopUnlessSecondWordIs(none: string) {
  return (line: string) => {
    const [hop, to] = line.split(' ', 2)
    return to === none ? undefined : hop
  }
}

export const proxyKinds: readonly ProxyKind[] = [
  nginx('nginx', ''),
  nginx('nginx that streams', 'proxy_request_buffering off; proxy_buffering off;'),
  haproxy,
  apache,
]
