import type { HttpAction } from '../../api/index.ts';
import { fieldPath, type Problem } from './problem.ts';

/** A token of RFC 9110. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Headers that say how the connection is used, which is not for a task to say. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding'],
  ...['host', 'upgrade'],
]);
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** An HTTP request, as far as it can be judged before its texts are evaluated. */
export function httpProblems(http: HttpAction | undefined, path: string): Problem[] {
  if (http === undefined) return [];
  const method = http.method ?? 'GET';
  const body = http.body !== undefined && WITHOUT_BODY.has(method);
  return [
    ...urlProblems(http.url, `${path}.url`),
    ...(body
      ? [{ path: `${path}.body`, message: `a ${method} request has no body; remove it, or set method to POST` }]
      : []),
    ...headerProblems(http, path),
  ];
}

function urlProblems(url: string, path: string): Problem[] {
  const start = url.split('${{')[0] ?? '';
  // What stands before the first expression may end anywhere, so a scheme is judged only if it is whole.
  if (start !== url && !start.includes('://')) return [];
  if (!/^https?:\/\//i.test(start)) {
    return [{ path, message: `"${url.slice(0, 80)}" is not an http or https URL; start it with https://` }];
  }
  if (start !== url) return [];
  if (!URL.canParse(url))
    return [{ path, message: `"${url.slice(0, 80)}" is not a valid URL; check for spaces and brackets` }];
  const { username, password } = new URL(url);
  if (username === '' && password === '') return [];
  return [{ path, message: 'the URL contains a user or password; put credentials in a Secret and use headersFrom' }];
}

function headerProblems({ headers = {}, headersFrom = {} }: HttpAction, path: string): Problem[] {
  const all = [
    ...Object.keys(headers).map((name) => ({ name, path: fieldPath(`${path}.headers`, name) })),
    ...Object.keys(headersFrom).map((name) => ({ name, path: fieldPath(`${path}.headersFrom`, name) })),
  ];
  const first = new Map<string, string>();
  const names = all.flatMap(({ name, path: at }) => {
    const before = first.get(name.toLowerCase());
    first.set(name.toLowerCase(), before ?? at);
    if (before !== undefined) return [{ path: at, message: `the header is already set at ${before}; keep one` }];
    const message = headerFault(name);
    return message === undefined ? [] : [{ path: at, message }];
  });
  const broken = Object.entries(headers).filter(([, value]) => /[\r\n\0]/.test(value));
  return [
    ...names,
    ...broken.map(([name]) => ({
      path: fieldPath(`${path}.headers`, name),
      message: 'a header value must be one line; remove the line breaks',
    })),
  ];
}

function headerFault(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return `"${name}" is not a valid header name; use letters, digits and dashes`;
  if (OF_CONNECTION.has(name.toLowerCase())) return `the header ${name} is set by Ado; remove it`;
  return undefined;
}
