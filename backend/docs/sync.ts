/** A copy of an account's tasks and tags that also works offline. Copy this file. sync.md explains it. */

/** Sends a request with a token, and throws if there is no response. `authorizedFetch` of api.ts can do that. */
export type Send = (method: string, path: string, body: unknown, headers: Record<string, string>, signal: AbortSignal)
  => Promise<Response>;
export type Fields = Record<string, unknown>;
/** The id of a task or, until the service has given it one, the external id of a task that was made here. */
export type TaskId = number | string;
interface Item { type: string; id: number | null; deleted: boolean; data: Fields | null }
interface Page { items: Item[]; next: string; has_more: boolean; full: boolean }
/** A write that is not acknowledged. `base` is the number of the last change that its author saw. `own` has, by field,
 *  the number of an earlier write of this client that was acknowledged while this write waited. */
interface Write {
  kind: "create" | "change" | "delete"; task: TaskId; fields: Fields; base: number; key: string; isSent: boolean;
  own: Record<string, number>;
}
/** Everything to store on the device. `seqs` has the numbers of acknowledged writes whose responses are in `items`. */
export interface State {
  token: string | null; seq: number; items: Record<string, Fields>; writes: Write[]; ids: Record<string, number>;
  seqs: Record<string, number>;
}
export const emptyState = (): State => ({ token: null, seq: 0, items: {}, writes: [], ids: {}, seqs: {} });
const START_AGAIN = ["SYNC_TOKEN_EXPIRED", "INVALID_SYNC_TOKEN"];
const TIMEOUT_SECONDS = 30;
/** Fields that the service changes together count as one field. */
const FIELD_OF: Record<string, string> = {
  due_date: "due", due_day: "due", due_time_zone: "due", completed_at: "completed", section_id: "project_id",
  position: "project_id", recurrence_basis: "recurrence_rule", recurrence_start: "recurrence_rule",
};
const fieldOf = (name: string) => FIELD_OF[name] ?? name;

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
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  /** Is called with the fields of a change or a deletion that another client has changed since. Their change stays. */
  conflicts: (task: number, fields: string[]) => unknown = () => undefined;
  /** Is called with the number of an acknowledged write, for a button "Undo". */
  acknowledged: (task: number, seq: number) => unknown = () => undefined;

  constructor(send: Send, state: State = emptyState(), save: (state: State) => unknown = () => undefined) {
    Object.assign(this, { send, state, save: () => save(state) });
  }

  /** The tasks as the user sees them: the copy with the unacknowledged writes, and with the tags of the copy. */
  tasks(): Fields[] {
    const tasks = new Map<unknown, Fields>(this.all("task").map((task) => [task.id, task]));
    for (const { kind, task, fields } of this.state.writes) {
      const id = this.idOf(task) ?? task;
      const cleared = fields.due_day ? { due_date: null, due_time_zone: null }
        : fields.due_date ? { due_day: null } : {};
      if (kind === "delete") tasks.delete(id);
      else if (kind === "create" || tasks.has(id)) {
        tasks.set(id, { id, tags: [], ...tasks.get(id), ...cleared, ...fields });
      }
    }
    const tags = new Map<unknown, Fields>(this.all("tag").flatMap((tag) => [[tag.id, tag], [tag.name, tag]]));
    const join = (reference: any) => {
      const { id, name, color } = tags.get(reference.id ?? reference) ?? { id: null, name: reference, color: null };
      return typeof name === "string" ? [{ id, name, color }] : []; // no name: the tag was deleted
    };
    return [...tasks.values()].map((task) => ({ ...task, tags: (task.tags as unknown[]).flatMap(join) }));
  }

  create(fields: Fields): TaskId {
    const task = crypto.randomUUID();
    this.add({ kind: "create", task, fields: { ...fields, external_id: task } });
    return task;
  }

  change(task: TaskId, fields: Fields): void {
    const last = this.state.writes.filter((write) => this.isSame(write.task, task)).pop();
    // A write that was sent may have arrived, so it stays as it is.
    const isOpen = last !== undefined && !last.isSent && last.kind !== "delete" && last.base === this.baseOf(task);
    const names = Object.keys({ ...last?.fields, ...fields });
    // Two fields of a date or a place can contradict each other.
    if (!isOpen || new Set(names.map(fieldOf)).size < names.length) return this.add({ kind: "change", task, fields });
    Object.assign(last.fields, fields);
    this.save();
  }

  remove(task: TaskId): void {
    const unsent = this.state.writes.filter((write) => !write.isSent && this.isSame(write.task, task));
    this.state.writes = this.state.writes.filter((write) => !unsent.includes(write));
    if (unsent.some(({ kind }) => kind === "create")) this.save();
    else this.add({ kind: "delete", task, fields: {} });
  }

  /** Send all writes, then fetch all changes. Throws `Offline` or `Rejected`. A call during a run runs once more. */
  sync(): Promise<void> {
    if (this.running === null) return (this.running = this.run().finally(() => { this.running = null; }));
    this.next ??= this.running.catch(() => undefined).then(() => { this.next = null; return this.sync(); });
    return this.next;
  }

  private async run(): Promise<void> {
    for (let write: Write | undefined; (write = this.state.writes[0]); ) {
      write.isSent = true;
      this.save();
      const outcome = await this.perform(write);
      if (outcome !== "again") this.state.writes = this.state.writes.filter((other) => other !== write);
      this.save();
      if (outcome instanceof Rejected) throw outcome;
    }
    await this.pull();
  }

  /** Fetch what has changed. With `wait` the response comes when something changes, within these seconds. */
  async pull(wait = 0): Promise<void> {
    let [token, fresh]: [string | null, Record<string, Fields> | null] = [this.state.token, null];
    let known = token;
    for (let more = true; more; ) {
      const query = new URLSearchParams({ ...(token && { since: token }), wait: String(wait) });
      const { ok, seq, body } = await this.request("GET", `/sync?${query}`, undefined, {}, wait);
      if (this.state.token !== known) return this.pull(); // another pull was faster
      if (START_AGAIN.includes(body.code)) { [token, fresh] = [null, null]; continue; }
      if (!ok) throw new Offline(body.code);
      const page: Page = body;
      if (page.full) fresh ??= {};
      const items = fresh ?? { ...this.state.items };
      for (const { type, id, deleted, data } of page.items) {
        const key = `${type}:${id}`;
        // The response of an own write can be newer than the page.
        const item = (this.state.seqs[key] ?? 0) > seq ? this.state.items[key] : deleted ? null : data;
        if (item) items[key] = item;
        else delete items[key];
      }
      [token, more, wait] = [page.next, page.has_more, 0];
      // The pages of a full sync replace the copy together, so a broken full sync leaves the old copy.
      if (page.full && more) continue;
      const later = Object.entries(this.state.seqs).filter(([, number]) => number > seq);
      Object.assign(this.state, { items, token, seq, seqs: Object.fromEntries(later) });
      this.save();
      [known, fresh] = [token, null];
    }
  }

  private async perform(write: Write): Promise<Rejected | "again" | "done"> {
    const { kind, task, fields, base, own } = write;
    const id = this.idOf(task);
    if (kind !== "create" && id === undefined) return new Rejected(write, "NOT_CREATED", "The task was not created");
    const method = { create: "POST", change: "PATCH", delete: "DELETE" }[kind];
    const path = kind === "create" ? "/tasks" : `/tasks/${id}`;
    const headers = { "Idempotency-Key": write.key, ...(kind !== "create" && { "Change-Base": String(base) }) };
    const { ok, seq, body } = await this.request(method, path, kind === "delete" ? undefined : fields, headers);
    if (ok) this.acknowledge(write, seq, body);
    if (ok || (kind === "delete" && body.code === "TASK_NOT_FOUND")) return "done";
    if (body.code !== "FIELD_CONFLICT") return new Rejected(write, body.code, body.detail);
    write.key = crypto.randomUUID();
    const changed: string[] = body.errors.map(({ field }: { field: string }) => field);
    const lost = changed.filter((name) => (own[fieldOf(name)] ?? 0) <= base).map(fieldOf);
    if (lost.length === 0) { // Only this client has changed these fields.
      write.base = Math.min(...changed.map((name) => own[fieldOf(name)] ?? 0));
      return "again";
    }
    this.conflicts(id!, changed.filter((name) => lost.includes(fieldOf(name))));
    const [names, rest] = [Object.keys(fields), Object.keys(fields).filter((name) => !lost.includes(fieldOf(name)))];
    write.fields = Object.fromEntries(rest.map((name) => [name, fields[name]]));
    return rest.length === 0 || rest.length === names.length ? "done" : "again";
  }

  /** Keep the response of a write. `seq` is 0 if the write changed nothing. */
  private acknowledge({ kind, task, fields }: Write, seq: number, body: any): void {
    if (kind === "create") this.state.ids[task] = body.id;
    const id = this.idOf(task)!;
    if (seq === 0) return;
    for (const later of this.state.writes.filter((other) => this.isSame(other.task, task))) {
      for (const name of Object.keys(kind === "create" ? body : fields)) later.own[fieldOf(name)] = seq;
    }
    if (seq > this.state.seq) { // A repeated response can be older than the copy.
      this.state.seqs[`task:${id}`] = seq;
      if (kind === "delete") delete this.state.items[`task:${id}`];
      else this.state.items[`task:${id}`] = body;
      for (const tag of body.tags ?? []) this.state.items[`tag:${tag.id}`] ??= tag;
    }
    this.acknowledged(id, seq);
  }

  private async request(method: string, path: string, body?: unknown, headers = {}, wait = 0) {
    try {
      const signal = AbortSignal.timeout(1000 * (wait + TIMEOUT_SECONDS));
      const response = await this.send(method, path, body, headers, signal);
      const { ok, status } = response;
      // 0 is a lost response, and 401 keeps the writes until the user has logged in.
      if ([0, 401, 408, 429].includes(status) || status >= 500) throw new Offline(`Status ${status}`);
      const result = status === 204 ? {} : await response.json();
      // An error without a code is not from the service. A key in use is that of an attempt that still runs.
      if (!ok && (!result.code || result.code === "IDEMPOTENCY_KEY_IN_USE")) throw new Offline(`Status ${status}`);
      return { ok, seq: Number(response.headers.get("Change-Seq")), body: result };
    } catch (error) {
      throw error instanceof Offline ? error : new Offline(String(error));
    }
  }

  private all(type: string): Fields[] {
    return Object.entries(this.state.items).flatMap(([key, data]) => (key.startsWith(`${type}:`) ? [data] : []));
  }
  private baseOf(task: TaskId): number {
    return Math.max(this.state.seq, this.state.seqs[`task:${this.idOf(task)}`] ?? 0);
  }
  private idOf(task: TaskId): number | undefined { return typeof task === "number" ? task : this.state.ids[task]; }
  private isSame(one: TaskId, other: TaskId): boolean {
    return (this.idOf(one) ?? one) === (this.idOf(other) ?? other);
  }
  private add(write: Pick<Write, "kind" | "task" | "fields">): void {
    const base = this.baseOf(write.task);
    this.state.writes.push({ ...write, base, key: crypto.randomUUID(), isSent: false, own: {} });
    this.save();
  }
}
