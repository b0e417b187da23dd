/** A program with @hey-api/openapi-ts. */
import { BASE_URL, PASSWORD, check, newEmail, run } from "./check";
import { createTask, listTasks, login, register, updateTask, writeTasks } from "./generated/hey-api";
import { client } from "./generated/hey-api/client.gen";

run(async () => {
  client.setConfig({ baseUrl: BASE_URL });
  const email = newEmail();

  const registered = await register({ body: { email, password: PASSWORD } });
  check(registered.response?.status === 201, "register");
  const loggedIn = await login({ body: { username: email, password: PASSWORD } });
  check(loggedIn.data !== undefined && loggedIn.data.expires_in === 900, "log in");
  const token = loggedIn.data.access_token;
  client.setConfig({ auth: token });

  const created = await createTask({ body: { title: "Water the plants" } });
  check(created.data?.priority === "medium", "create with a title alone");
  const path = { task_id: created.data.id };

  const patched = await updateTask({ path, body: { priority: "high" } });
  check(patched.data?.priority === "high" && patched.data.title === "Water the plants", "PATCH of one field");
  const completed = await updateTask({ path, body: { completed: true } });
  check(completed.data?.priority === "high", "a PATCH keeps the other fields");

  const etag = completed.response?.headers.get("ETag") ?? "";
  const conditional = await updateTask({ path, headers: { "If-Match": etag }, body: { title: "Feed the cat" } });
  check(conditional.data?.title === "Feed the cat", "If-Match");
  const outdated = await updateTask({ path, headers: { "If-Match": etag }, body: { title: "Lost" } });
  check(outdated.response?.status === 412 && outdated.error?.code === "PRECONDITION_FAILED", "412");
  const current = outdated.error.current;
  check(current !== undefined && "title" in current && current.title === "Feed the cat", "current of the 412");

  const invalid = await createTask({ body: { title: "" } });
  check(invalid.response?.status === 400 && invalid.error?.code === "INVALID_TITLE", "400");
  check(invalid.error.errors?.[0]?.field === "title", "field of the 400");

  const items = ["one", "two", "three", "four"].map((title) => ({ action: "create" as const, task: { title } }));
  const bulk = await writeTasks({ body: { items } });
  check(bulk.data?.results.every((result) => result.status === 201) ?? false, "bulk");

  const seen = new Set<number>();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listTasks>> = await listTasks({
      query: { limit: 2, sort: "-title", ...(cursor ? { cursor } : {}) },
    });
    check(page.data !== undefined, "list");
    for (const task of page.data.items) seen.add(task.id);
    cursor = page.data.next_cursor;
  } while (cursor);
  check(seen.size === 5, "cursor loop");
});
