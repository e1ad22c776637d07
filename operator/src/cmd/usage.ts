import { ADMISSION_USAGE } from './admission-config.ts';
import { STORAGE_USAGE } from './storage-config.ts';

/** The text of `--help`. */
export const USAGE = `Usage: operator [options]

  --kubeconfig FILE        kubeconfig of the API server (default: of the pod, else ~/.kube/config)
  --context NAME           context of the kubeconfig
  --namespace NAME         namespace of the operator itself, for its lease (default ado-system)
  --namespaces A,B         serve these namespaces only (default: all)
  --except-namespaces A,B  serve all namespaces except these, which other operators serve with --namespaces
  --identity NAME          name of this replica (default: host name and process id)
  --no-leader-election     act without a lease; only where no other replica can run
  --lease-duration 15s     how long a silent leader keeps its lease
  --relist-period 2h       interval of full lists beside the watches, which find missed events
  --watch-silence 90s      silence after which a watch counts as dead; bookmarks arrive about once a minute
  --request-timeout 30s    timeout of a request to the API server
  --concurrency 64         objects of a kind reconciled at once
  --http-hosts A,*.B:8443  hosts to which the operator itself sends requests of http tasks; without a port only the
                           default port of the scheme, with :* all ports (default: none)
  --http-allow-cidrs C,D   local or private address ranges that requests may reach (default: none)
  --http-image IMAGE       image of the pods that send all other requests (default: none, such requests are refused)
${STORAGE_USAGE}
  --hooks-address H:P      listen address for webhooks, without TLS, such as 0.0.0.0:8090 (default: off)
${ADMISSION_USAGE}
  --health-address H:P     listen address for /livez, /readyz and /metrics (default 127.0.0.1:8081)
  --log-level info         trace, debug, info, warn or error

Each option may also be given as an environment variable: ADO_LEASE_DURATION=15s.
`;
