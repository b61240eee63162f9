import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Chromium 109 is the oldest browser on hall computers and Android boxes.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "static",
    emptyOutDir: true,
    target: "chrome109",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8000", ws: true, changeOrigin: true } } }, // `npm run dev` beside a gateway
});
