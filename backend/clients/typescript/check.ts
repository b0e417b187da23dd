/** What every program needs: the address of the service, a new account, and a check that ends the program. */
import { randomUUID } from "node:crypto";

export const BASE_URL = process.env["TODO_URL"] ?? "http://127.0.0.1:8000";
export const PASSWORD = "correct horse battery";

/** Return the e-mail address of a new account. */
export function newEmail(): string {
  return `${randomUUID()}@example.com`;
}

/** End the program with an error unless the condition is true. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`failed: ${message}`);
}

/** Run a program, and end the process with its result. */
export function run(program: () => Promise<void>): void {
  program().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
