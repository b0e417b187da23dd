/** A program with openapi-typescript and openapi-fetch. */
import createClient from "openapi-fetch";
import { BASE_URL, PASSWORD, check, newEmail, run } from "./check";
import type { components, paths } from "./generated/openapi-typescript/schema";

type TaskCreate = components["schemas"]["TaskCreate"];

run(async () => {
  const client = createClient<paths>({ baseUrl: BASE_URL });
  const email = newEmail();

  const registered = await client.POST("/api/v1/auth/register", { body: { email, password: PASSWORD } });
  check(registered.response.status === 201, "register");
  check(registered.response.headers.get("Location") === "/api/v1/auth/me", "Location of the account");
  const login = await client.POST("/api/v1/auth/login", {
    body: { username: email, password: PASSWORD },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  check(login.data !== undefined && login.data.expires_in === 900, "log in");
  const token = login.data.access_token;
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  });

  const newTask: TaskCreate = { title: "Water the plants" };
  const created = await client.POST("/api/v1/tasks", { body: newTask });
  check(created.data !== undefined && created.data.priority === "medium", "create with a title alone");
  const path = { task_id: created.data.id };

  const patched = await client.PATCH("/api/v1/tasks/{task_id}", { params: { path }, body: { priority: "high" } });
  check(patched.data?.priority === "high" && patched.data.title === newTask.title, "PATCH of one field");
  const completed = await client.PATCH("/api/v1/tasks/{task_id}", { params: { path }, body: { completed: true } });
  check(completed.data?.priority === "high", "a PATCH keeps the other fields");

  const etag = completed.response.headers.get("ETag");
  check(etag !== null, "ETag");
  const conditional = await client.PATCH("/api/v1/tasks/{task_id}", {
    params: { path, header: { "If-Match": etag } },
    body: { title: "Feed the cat" },
  });
  check(conditional.data?.title === "Feed the cat", "If-Match");
  const outdated = await client.PATCH("/api/v1/tasks/{task_id}", {
    params: { path, header: { "If-Match": etag } },
    body: { title: "Lost" },
  });
  check(outdated.response.status === 412 && outdated.error !== undefined, "412");
  check(outdated.error.code === "PRECONDITION_FAILED", "code of the 412");
  const current = outdated.error.current;
  check(current !== undefined && "title" in current && current.title === "Feed the cat", "current of the 412");

  const invalid = await client.POST("/api/v1/tasks", { body: { title: "" } });
  check(invalid.response.status === 400 && invalid.error?.code === "INVALID_TITLE", "400");
  check(invalid.error.errors?.[0]?.field === "title", "field of the 400");

  const items = ["one", "two", "three", "four"].map((title) => ({ action: "create" as const, task: { title } }));
  const bulk = await client.POST("/api/v1/tasks/bulk", { body: { items } });
  check(bulk.data?.results.every((result) => result.status === 201) ?? false, "bulk");

  const seen = new Set<number>();
  let cursor: string | null | undefined;
  do {
    const page = await client.GET("/api/v1/tasks", {
      params: { query: { limit: 2, sort: "-title", ...(cursor ? { cursor } : {}) } },
    });
    check(page.data !== undefined, "list");
    for (const task of page.data.items) seen.add(task.id);
    cursor = page.data.next_cursor;
  } while (cursor);
  check(seen.size === 5, "cursor loop");
});
