// Elements built one by one. Text is only ever set as text: keys and labels are hostile.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Properties: `class`, `on` (listeners by event), `hidden`-like booleans, everything else an
 * attribute; null, undefined and false leave an attribute out. Children: elements, text, null.
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (property === "on") listen(element, value);
    else if (property === "class") element.className = value;
    else element.setAttribute(property, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Say whether this deployment does something; the API has written that into the page. */
export const isOn = (feature) => document.documentElement.dataset[feature] === "on";

export function byId(id) {
  return document.getElementById(id);
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

const ICONS = {
  close: "M5 5l14 14M19 5L5 19",
  left: "M15 4l-8 8 8 8",
  right: "M9 4l8 8-8 8",
};

/** Draw one of the few icons. It means nothing to a screen reader: the button around it has the name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Make a button that is an icon, with its name for who does not see it. */
export function iconButton(name, label, act, { kind = "button icon-button", disabled = false } = {}) {
  const properties = { class: kind, type: "button", "aria-label": label, title: label, disabled };
  return h("button", { ...properties, on: { click: act } }, icon(name));
}

/** Make the button by which somebody says that what stands beside it is not so. */
export const crossButton = (label, act) => iconButton("close", label, act, { kind: "tag-remove" });

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}
