/** A program with orval. */
import { BASE_URL, PASSWORD, check, newEmail, run } from "./check";
import { createTask, listTasks, login, register, updateTask, writeTasks, type TaskUpdate } from "./generated/orval/todo";

const serviceFetch = globalThis.fetch;
globalThis.fetch = (input, init) => serviceFetch(new URL(String(input), BASE_URL), init);

run(async () => {
  const email = newEmail();

  const registered = await register({ email, password: PASSWORD });
  check(registered.status === 201, "register");
  const loggedIn = await login({ username: email, password: PASSWORD });
  check(loggedIn.status === 200 && loggedIn.data.expires_in === 900, "log in");
  const authorization = { Authorization: `Bearer ${loggedIn.data.access_token}` };
  const options = { headers: authorization };

  const created = await createTask({ title: "Water the plants" }, options);
  check(created.status === 201 && created.data.priority === "medium", "create with a title alone");
  const id = created.data.id;

  const patched = await updateTask(id, { priority: "high" }, options);
  check(patched.status === 200 && patched.data.priority === "high", "PATCH of one field");
  const completed = await updateTask(id, { completed: true }, options);
  check(completed.status === 200 && completed.data.priority === "high", "a PATCH keeps the other fields");

  const etag = completed.headers.get("ETag") ?? "";
  const writeIfUnchanged = (changes: TaskUpdate) =>
    updateTask(id, changes, { headers: { ...authorization, "If-Match": etag } });
  const conditional = await writeIfUnchanged({ title: "Feed the cat" });
  check(conditional.status === 200 && conditional.data.title === "Feed the cat", "If-Match");
  const outdated = await writeIfUnchanged({ title: "Lost" });
  check(outdated.status === 412 && outdated.data.code === "PRECONDITION_FAILED", "412");
  const current = outdated.data.current;
  check(current !== undefined && "title" in current && current.title === "Feed the cat", "current of the 412");

  const invalid = await createTask({ title: "" }, options);
  check(invalid.status === 400 && invalid.data.code === "INVALID_TITLE", "400");
  check(invalid.data.errors?.[0]?.field === "title", "field of the 400");

  const items = ["one", "two", "three", "four"].map((title) => ({ action: "create" as const, task: { title } }));
  const bulk = await writeTasks({ items }, options);
  check(bulk.status === 200 && bulk.data.results.every((result) => result.status === 201), "bulk");

  const seen = new Set<number>();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listTasks>> = await listTasks(
      { limit: 2, sort: "-title", ...(cursor ? { cursor } : {}) },
      options,
    );
    check(page.status === 200, "list");
    for (const task of page.data.items) seen.add(task.id);
    cursor = page.data.next_cursor;
  } while (cursor);
  check(seen.size === 5, "cursor loop");
});
