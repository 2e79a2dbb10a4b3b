// Who is on a photo: saying whose a face is, and who is not there. Persons are enrolled by a command alone.

import { ask } from "./api.js";
import { crossButton, h } from "./dom.js";

let enrolled = null;

/** Give the names of who is looked for; asked once. */
function names() {
  enrolled ??= ask("people")
    .then(({ people }) => people.map(({ name }) => name))
    .catch(() => {
      enrolled = null;
      return [];
    });
  return enrolled;
}

/** Whether people may say who is on the photo. */
const isOffered = (corrector) => Boolean(corrector?.details.corrections.persons);

/** What takes back whatever is said of persons next: as it stands now. */
function standing(corrector, wanted) {
  const said = corrector.details.corrections.persons.filter(({ name }) => wanted.includes(name));
  const named = said.filter((each) => each.is).map(({ name, face }) => (face ? { name, face } : { name }));
  const denied = said.filter((each) => !each.is).map(({ name }) => name);
  const unsaid = wanted.filter((name) => !said.some((each) => each.name === name));
  return { persons: { is: named, is_not: denied, reset: unsaid } };
}

function say(corrector, name, number) {
  const { persons = [], face_details: faces } = corrector.details;
  const { box } = faces[number];
  const former = persons.filter((each) => each.face === number && each.name !== name && each.by);
  const back = standing(corrector, [name, ...former.map((each) => each.name)]);
  const others = persons.filter((each) => each.name !== name && each.face !== number);
  const named = { name, similarity: 100, face: number, box, by: "person" };
  corrector.send({ persons: { is: [{ name, face: box }] } }, `Named ${name}.`, { persons: [named, ...others] }, back);
}

function deny(corrector, name) {
  const { persons = [] } = corrector.details;
  const others = persons.filter((each) => each.name !== name);
  const back = standing(corrector, [name]);
  corrector.send({ persons: { is_not: [name] } }, `${name} is not on it.`, { persons: others }, back);
}

/** Make the button that says that somebody is not there; null where nobody may say so. */
export function notButton(corrector, name) {
  if (!isOffered(corrector)) return null;
  return crossButton(`Not ${name}`, () => deny(corrector, name));
}

/** Make the choice of whose a face is; null where nobody may say so. `pointed(is)` shows which face is meant. */
export function choiceOf(corrector, number, pointed) {
  if (!isOffered(corrector)) return null;
  const choice = h(
    "select",
    {
      class: "who",
      "aria-label": `Who is face ${number + 1}?`,
      on: {
        change: () => choice.value && say(corrector, choice.value, number),
        pointerenter: () => pointed(true),
        pointerleave: () => pointed(false),
        focus: () => pointed(true),
        blur: () => pointed(false),
      },
    },
    h("option", { value: "" }, "Who is this?"),
  );
  choice.hidden = true;
  names().then((known) => {
    choice.append(...known.map((name) => h("option", { value: name }, name)));
    choice.hidden = !known.length;
  });
  return choice;
}
