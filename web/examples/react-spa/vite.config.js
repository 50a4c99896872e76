// One origin for the page and the server: what is under /api goes on to `countersign dev`.

export default {
  server: { port: 5173, strictPort: true, proxy: { "/api": "http://localhost:8420" } },
  // Only because the packages are this repository's own folders, which have a React for their tests.
  resolve: { dedupe: ["react", "react-dom", "@countersign/client"] },
  oxc: { jsx: { runtime: "automatic" } },
};
