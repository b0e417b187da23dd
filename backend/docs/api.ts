/** A client of the to-do service for web pages, without dependencies. Copy this file. front-end.md explains it. */
/** The path of the service behind a proxy or, with CORS, its address: "http://localhost:8000/api/v1". */
export const API = "/api/v1";
/** The paths whose writes take no idempotency key. A second one could fail or use a code twice. */
const WRITES_ONCE = /\/(auth\/(login|register|tokens$|totp|password-reset|email-change)|events\/tickets|import)/;

export interface Task {
  id: number; version: number; title: string; description: string | null; completed: boolean; due_date: string | null;
  priority: "low" | "medium" | "high"; recurrence_rule: string | null; external_id: string | null; created_at: string;
  tags: { id: number; name: string; color: string | null }[]; due_day: string | null; completed_at: string | null;
}
export interface Page { items: Task[]; total: number | null; next_cursor: string | null }
export interface User { id: string; email: string; name: string | null; pending_email: string | null }
interface Options extends RequestInit { json?: unknown }

/** An error response. The status is 0 if there was no response. A 412 has the `current` task. */
export class ApiError extends Error {
  declare readonly status: number; declare readonly code: string; declare readonly detail: string;
  declare readonly errors?: { field: string; detail: string; code: string }[];
  declare readonly retryAfter: number | null; declare readonly current?: Task;
  constructor(response: Response, body: { code: string; detail: string }) {
    super(body.detail);
    Object.assign(this, body, { status: response.status, retryAfter: secondsToWait(response) });
  }
}
let [accessToken, refreshing]: [string | null, Promise<void> | null] = [null, null];
export const accountChanges = new BroadcastChannel("todo"); // receives a message when another tab logs in or out
const announce = () => accountChanges.postMessage(null);
const readJson = (response: Response) => response.json().catch(() => null);
const secondsToWait = ({ headers }: Response) => Number(headers.get("Retry-After")) || null;

/** Fetch without a token. Repeat twice if the response is lost or says to wait for at most five seconds. */
export async function fetchAgain(request: Request): Promise<Response> {
  const attempts = request.method !== "GET" && WRITES_ONCE.test(request.url) ? 1 : 3;
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(request.clone()).catch(() => Response.error());
    request.signal.throwIfAborted();
    const seconds = [0, 502, 504].includes(response.status) ? attempt : secondsToWait(response);
    if (attempt === attempts || seconds === null || seconds > 5) return response;
    await new Promise((end) => { setTimeout(end, 1000 * seconds); request.signal.addEventListener("abort", end); });
  }
}
/** Fetch with the access token and, for a write, an idempotency key. Generated clients can use this function. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  if (request.method !== "GET" && !request.headers.has("Idempotency-Key")) request.headers.set("Idempotency-Key", key);
  if (accessToken === null) await (refreshing ??= exchange("/auth/refresh").finally(() => (refreshing = null)));
  const token = accessToken;
  request.headers.set("Authorization", `Bearer ${token}`);
  const response = await fetchAgain(request);
  if (response.status !== 401 || (await readJson(response.clone()))?.code !== "TOKEN_EXPIRED") return response;
  if (accessToken === token) accessToken = null;
  return authorizedFetch(request);
}
/** Send a request and return the JSON of its response, or undefined for 204. */
export async function request<T>(path: string, { json, ...init }: Options = {}, fetcher = authorizedFetch): Promise<T> {
  const sent = new Request(API + path, { credentials: "include", body: JSON.stringify(json), ...init });
  if (json !== undefined) sent.headers.set("Content-Type", "application/json");
  const response = await fetcher(sent);
  const body = response.status === 204 ? undefined : await readJson(response);
  sent.signal.throwIfAborted();
  if (response.ok && body !== null) return body;
  const [code, detail] = response.status ? ["NOT_JSON", "Unexpected response"] : ["UNREACHABLE", "No connection"];
  throw new ApiError(response, { code, detail, ...body });
}
/** Change the cookie of the refresh token in one tab at a time, because all tabs share it. */
async function exchange(path: string, body: URLSearchParams | null = null): Promise<void> {
  const change = () => request<{ access_token?: string } | undefined>(path, { method: "POST", body }, fetchAgain);
  accessToken = (await (navigator.locks?.request("todo", change) ?? change()))?.access_token ?? null;
}
export const register = (account: { email: string; password: string; name?: string; invitation?: string }) =>
  request<User>("/auth/register", { method: "POST", json: account }, fetchAgain);
export const login = (username: string, password: string, totp_code = "") =>
  exchange("/auth/login", new URLSearchParams({ username, password, totp_code })).then(announce);
export const logout = () => exchange("/auth/logout").then(announce);
export const logoutEverywhere = () => request("/auth/logout-all", { method: "POST" }).then(logout);
export const listTasks = (query: Record<string, string> = {}, signal: AbortSignal | null = null) =>
  request<Page>(`/tasks?${new URLSearchParams(query)}`, { signal });
export const updateTask = ({ id, version }: Task, changes: Partial<Task>) =>
  request<Task>(`/tasks/${id}`, { method: "PATCH", json: changes, headers: { "If-Match": `"${version}"` } });
