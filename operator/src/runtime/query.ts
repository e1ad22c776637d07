export type QueryValue = string | number | boolean | undefined;

/** The query part of a URL, with its question mark; values that are undefined or empty are left out. */
export function queryOf(parameters: Readonly<Record<string, QueryValue>>): string {
  let query = '';
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === '') continue;
    query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}
