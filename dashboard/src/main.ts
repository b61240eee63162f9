import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { language, loadEnglish } from "./lib/i18n.svelte";

const begin = (): unknown => mount(App, { target: document.getElementById("app")! });
const fetched = loadEnglish().catch(() => undefined); // without it the pages are Chinese
if (language.current === "en") void fetched.then(begin);
else begin();
