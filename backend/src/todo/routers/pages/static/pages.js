// The forms of the service's pages. They call the same API as every other client.
const root = document.body.dataset.root;
const REMEMBERED = "todo.logged-in";

class ApiError extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The service responds with ${status}.`);
    this.code = body?.code;
  }
}

/** Send a request, and return the JSON of the response. */
async function send(method, path, { json, form, token } = {}) {
  const headers = {};
  if (json) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const body = json ? JSON.stringify(json) : form;
  let response;
  try {
    response = await fetch(`${root}/api/v1/auth${path}`, { method, headers, body });
  } catch {
    throw new Error("The service cannot be reached. Try again later.");
  }
  const content = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, content);
  return content;
}

/** Return the fields of a form, without the empty ones. */
function fieldsOf(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
}

async function logIn(fields) {
  const { access_token: token } = await send("POST", "/login", { form: new URLSearchParams(fields) });
  await showAccount(token);
}

async function showAccount(token) {
  const account = await send("GET", "/me", { token });
  localStorage.setItem(REMEMBERED, "yes");
  document.querySelector("#account-email").textContent = account.email;
  showLoggedIn(true);
  document.querySelector("#account-heading").focus();
}

function showLoggedIn(isLoggedIn) {
  document.querySelector("#account").hidden = !isLoggedIn;
  for (const id of ["#log-in", "#register"]) document.querySelector(id)?.toggleAttribute("hidden", isLoggedIn);
}

/** Replace the forms of the page with a sentence, and read it out. */
function finish(sentence) {
  for (const section of document.querySelectorAll("section[data-when]")) section.hidden = true;
  document.querySelector("#done").hidden = false;
  const message = document.querySelector("#done p");
  message.textContent = sentence;
  message.focus();
}

// A link can be opened in a tab that shows its page already. Then only the fragment changes.
addEventListener("hashchange", () => location.reload());

const token = new URLSearchParams(location.hash.slice(1)).get("token");
const actions = {
  "log-in": logIn,
  register: async (fields) => {
    await send("POST", "/register", { json: fields });
    await logIn({ username: fields.email, password: fields.password });
  },
  "log-out": async () => {
    await send("POST", "/logout");
    localStorage.removeItem(REMEMBERED);
    showLoggedIn(false);
    document.querySelector("#log-in input").focus();
  },
  "request-reset": async (fields) => {
    await send("POST", "/password-reset", { json: fields });
    finish("If the address has an account, an e-mail with a link is on its way. The link works for 30 minutes.");
  },
  "confirm-reset": async (fields) => {
    await send("POST", "/password-reset/confirm", { json: { token, ...fields } });
    finish("Your password is changed. Log in with the new one.");
  },
  "confirm-email": async () => {
    const account = await send("POST", "/email-change/confirm", { json: { token } });
    finish(`The address of your account is now ${account.email}.`);
  },
};

async function submit(event) {
  const form = event.target;
  event.preventDefault();
  const button = form.querySelector("button");
  const message = form.querySelector(".message") ?? form.nextElementSibling;
  message.textContent = "";
  button.disabled = true;
  try {
    await actions[form.dataset.action](fieldsOf(form));
    form.reset();
  } catch (error) {
    const requested = error.code && form.querySelector(`[data-when="${error.code}"]`);
    if (requested) {
      requested.hidden = false;
      requested.querySelector("input").disabled = false;
    }
    message.textContent = error.message;
    (requested?.querySelector("input") ?? form.querySelector("input"))?.focus();
  } finally {
    button.disabled = false;
  }
}

for (const form of document.forms) {
  form.addEventListener("submit", submit);
  form.querySelector("button").disabled = false;
}

// The token must not stay in the address bar or in the history.
if (token) history.replaceState(null, "", location.pathname);
for (const section of document.querySelectorAll("section[data-when]")) {
  section.hidden = (section.dataset.when === "token") !== Boolean(token);
}

if (document.querySelector("#account") && localStorage.getItem(REMEMBERED)) {
  try {
    await showAccount((await send("POST", "/refresh")).access_token);
  } catch {
    localStorage.removeItem(REMEMBERED);
  }
}
