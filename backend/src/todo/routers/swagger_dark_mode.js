// Swagger UI has dark colours, and no setting for them. Follow the browser's preference, also when it changes.
"use strict";

const darkMode = matchMedia("(prefers-color-scheme: dark)");
const followPreference = () => document.documentElement.classList.toggle("dark-mode", darkMode.matches);
darkMode.addEventListener("change", followPreference);
followPreference();
