import { ADMISSION_USAGE } from './admission-config.ts';
import { STORAGE_USAGE } from './storage-config.ts';

/** What `--help` says. */
export const USAGE = `Usage: operator [options]

  --kubeconfig FILE        how to reach the API server (default: in the cluster, else ~/.kube/config)
  --context NAME           context of the kubeconfig
  --namespace NAME         namespace of the operator itself, for its lease (default ado-system)
  --namespaces A,B         serve these namespaces only (default: all)
  --except-namespaces A,B  serve all but these, which other operators serve by --namespaces
  --identity NAME          name of this replica (default: host name and process id)
  --no-leader-election     act without a lease; only where no other replica can run
  --lease-duration 15s     how long a silent leader keeps its lease
  --relist-period 2h       how often everything is listed again beside the watches, to find missed events
  --watch-silence 90s      how long a watch may be silent before it counts as dead; bookmarks come about once a minute
  --request-timeout 30s    how long one request to the API server may take
  --concurrency 64         objects of a kind reconciled at once
  --http-hosts A,*.B:8443  hosts that tasks of http reach from the operator itself; without a port the one that the
                           scheme has by default, with :* all of them (default: none)
  --http-allow-cidrs C,D   ranges that requests may reach although they are local or private (default: none)
  --http-image IMAGE       image of the pods that make all other requests (default: none, they are refused)
${STORAGE_USAGE}
  --hooks-address H:P      where webhooks are taken, without TLS, as 0.0.0.0:8090 (default: nowhere)
${ADMISSION_USAGE}
  --health-address H:P     where /livez, /readyz and /metrics are served (default 127.0.0.1:8081)
  --log-level info         trace, debug, info, warn or error

Each option may also be given as an environment variable: ADO_LEASE_DURATION=15s.
`;
