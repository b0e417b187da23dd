/** A copy of an account's tasks and tags that also works offline. Copy this file. sync.md explains it. */

/** Sends a request with a token, and throws if there is no response. `authorizedFetch` of api.ts can do that. */
export type Send = (method: string, path: string, body: unknown, headers: Record<string, string>) => Promise<Response>;
export type Fields = Record<string, unknown>;
/** The id of a task or, until the service has given it one, the external id of a task that was made here. */
export type TaskId = number | string;
interface Item { type: string; id: number | null; deleted: boolean; data: Fields | null }
interface Page { items: Item[]; next: string; has_more: boolean; full: boolean }
/** A write that the service has not confirmed. `base` is the number of the last change that its author saw. */
interface Write {
  kind: "create" | "change" | "delete"; task: TaskId; fields: Fields; base: number; key: string; isSent: boolean;
}
/** Everything to store on the device, for example in IndexedDB. */
export interface State {
  token: string | null; seq: number; items: Record<string, Fields>; writes: Write[]; ids: Record<string, number>;
}
export const emptyState = (): State => ({ token: null, seq: 0, items: {}, writes: [], ids: {} });
const START_AGAIN = ["SYNC_TOKEN_EXPIRED", "INVALID_SYNC_TOKEN"];

/** There was no response, the service was not ready, or the user must log in. Try again later. */
export class Offline extends Error {}
/** The service rejected a write, and the copy shows the state without it. */
export class Rejected extends Error {
  declare readonly write: Write; declare readonly code: string;
  constructor(write: Write, code: string, detail: string) {
    super(detail);
    Object.assign(this, { write, code });
  }
}

export class Copy {
  declare readonly state: State; declare private readonly send: Send; declare private readonly save: () => unknown;
  /** Is called with the fields of a change that another client has changed since. Their change stays. */
  conflicts: (task: number, fields: string[]) => unknown = () => undefined;

  constructor(send: Send, state: State = emptyState(), save: (state: State) => unknown = () => undefined) {
    Object.assign(this, { send, state, save: () => save(state) });
  }

  /** The tasks as the user sees them: the copy with the unconfirmed writes. */
  tasks(): Fields[] {
    const tasks = new Map<unknown, Fields>();
    for (const [key, data] of Object.entries(this.state.items)) if (key.startsWith("task:")) tasks.set(data.id, data);
    for (const { kind, task, fields } of this.state.writes) {
      const id = this.idOf(task) ?? task;
      if (kind === "delete") tasks.delete(id);
      else if (kind === "create" || tasks.has(id)) tasks.set(id, { id, tags: [], ...tasks.get(id), ...fields });
    }
    return [...tasks.values()];
  }

  create(fields: Fields): TaskId {
    const task = crypto.randomUUID();
    this.add({ kind: "create", task, fields: { ...fields, external_id: task } });
    return task;
  }

  change(task: TaskId, fields: Fields): void {
    const last = this.state.writes.findLast((write) => this.isSame(write.task, task));
    // A write that was sent may have arrived, so it stays as it is.
    if (last === undefined || last.isSent || last.kind === "delete") return this.add({ kind: "change", task, fields });
    Object.assign(last.fields, fields);
    this.save();
  }

  remove(task: TaskId): void {
    const unsent = this.state.writes.filter((write) => !write.isSent && this.isSame(write.task, task));
    this.state.writes = this.state.writes.filter((write) => !unsent.includes(write));
    if (unsent.some(({ kind }) => kind === "create")) this.save();
    else this.add({ kind: "delete", task, fields: {} });
  }

  /** Send all writes, then fetch all changes. Throws `Offline` or `Rejected`. Call it again later. */
  async sync(): Promise<void> {
    for (let write; (write = this.state.writes[0]); ) {
      write.isSent = true;
      this.save();
      const outcome = await this.perform(write);
      if (outcome !== "again") this.state.writes.shift();
      this.save();
      if (outcome instanceof Rejected) throw outcome;
    }
    await this.pull();
  }

  /** Fetch what has changed. With `wait` the response comes when something changes, within these seconds. */
  async pull(wait = 0): Promise<void> {
    let [token, fresh]: [string | null, Record<string, Fields> | null] = [this.state.token, null];
    for (let more = true; more; ) {
      const query = new URLSearchParams({ ...(token && { since: token }), wait: String(wait) });
      const { ok, seq, body } = await this.request("GET", `/sync?${query}`);
      if (START_AGAIN.includes(body.code)) { [token, fresh] = [null, null]; continue; }
      if (!ok) throw new Offline(body.code);
      const page: Page = body;
      if (page.full) fresh ??= {};
      const items = fresh ?? { ...this.state.items };
      for (const { type, id, deleted, data } of page.items) {
        if (deleted || data === null) delete items[`${type}:${id}`];
        else items[`${type}:${id}`] = data;
      }
      [token, more, wait] = [page.next, page.has_more, 0];
      // The pages of a full sync replace the copy together, so a broken full sync leaves the old copy.
      if (page.full && more) continue;
      Object.assign(this.state, { items, token, seq });
      this.save();
      fresh = null;
    }
  }

  private async perform(write: Write): Promise<Rejected | "again" | "done"> {
    const { kind, task, fields, base } = write;
    const id = this.idOf(task);
    if (kind !== "create" && id === undefined) return "done"; // its create was rejected
    const method = { create: "POST", change: "PATCH", delete: "DELETE" }[kind];
    const path = kind === "create" ? "/tasks" : `/tasks/${id}`;
    const headers = { "Idempotency-Key": write.key, ...(kind === "change" && { "Change-Base": String(base) }) };
    const { ok, status, seq, body } = await this.request(method, path, kind === "delete" ? undefined : fields, headers);
    if (ok) {
      if (kind === "create") this.state.ids[task] = body.id;
      // Later writes of the same task were made after this one.
      for (const other of this.state.writes) if (this.isSame(other.task, task)) other.base = Math.max(other.base, seq);
      return "done";
    }
    const { code, detail, errors = [] } = body;
    if (code !== "FIELD_CONFLICT") return status === 404 ? "done" : new Rejected(write, code, detail);
    const lost: string[] = errors.map(({ field }: { field: string }) => field);
    this.conflicts(id!, lost);
    for (const field of lost) delete fields[field];
    write.key = crypto.randomUUID();
    return Object.keys(fields).length > 0 ? "again" : "done";
  }

  private async request(method: string, path: string, body?: unknown, headers = {}) {
    try {
      const response = await this.send(method, path, body, headers);
      const { ok, status } = response;
      // 0 is a lost response, and 401 keeps the writes until the user has logged in.
      if ([0, 401, 408, 429].includes(status) || status >= 500) throw new Offline(`Status ${status}`);
      const text = await response.text();
      return { ok, status, seq: Number(response.headers.get("Change-Seq")), body: text === "" ? {} : JSON.parse(text) };
    } catch (error) {
      throw error instanceof Offline ? error : new Offline(String(error));
    }
  }

  private idOf(task: TaskId): number | undefined { return typeof task === "number" ? task : this.state.ids[task]; }
  private isSame(one: TaskId, other: TaskId): boolean {
    return (this.idOf(one) ?? one) === (this.idOf(other) ?? other);
  }
  private add(write: Pick<Write, "kind" | "task" | "fields">): void {
    this.state.writes.push({ ...write, base: this.state.seq, key: crypto.randomUUID(), isSent: false });
    this.save();
  }
}
