// What all pages share: light or dark, and copying commands.

const byId = (id) => document.getElementById(id);

/** Told when the theme changes, since canvases have to be painted again. */
const themeListeners = [];

function startTheme() {
  const themes = ["light dark", "light", "dark"];
  let theme = 0;
  byId("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    document.documentElement.style.colorScheme = themes[theme];
    byId("theme").textContent = ["◐", "○", "●"][theme];
    themeListeners.forEach((listener) => listener());
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => themeListeners.forEach((listener) => listener()));
}

function startCopying() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      await copy(button.dataset.copy);
      button.textContent = "Copied";
      button.classList.add("done");
      setTimeout(() => {
        button.textContent = "Copy";
        button.classList.remove("done");
      }, 1500);
    });
  }
}

/** The clipboard is not given to pages from disk by every browser: then through a selection. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** An element with text. Text from outside only ever enters the page this way. */
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
