"""Many modules become one script: in order, each once, and nothing that is not understood."""

import re
from pathlib import Path

import pytest

from query_api.endpoints.page import DIRECTORY, PageBundleError, scripts, style


def written(directory: Path, **sources: str) -> Path:
    for name, source in sources.items():
        (directory / f"{name.replace('_', '-')}.js").write_text(source, encoding="utf-8")
    return directory


def test_each_module_comes_once_after_those_that_it_needs(tmp_path: Path) -> None:
    made = scripts(
        written(
            tmp_path,
            main='import { a } from "./a.js";\nimport { b as c } from "./two-words.js";\na(c);\n',
            a='// Of a.\nimport { b } from "./two-words.js";\n\nexport function a(x) { return b + x; }\n',
            two_words="export const b = 1;\nexport async function d() {}\nexport class E {}\n",
        ),
        "main.js",
    )

    assert made == {
        "main.js": (
            "// two-words.js\nconst $two_words = (() => {\n"
            "const b = 1;\nasync function d() {}\nclass E {}\nreturn { b, d, E };\n})();\n"
            "// a.js\nconst $a = (() => {\n"
            "const { b } = $two_words;\n\nfunction a(x) { return b + x; }\nreturn { a };\n})();\n"
            "// main.js\nconst $main = (() => {\n"
            "const { a } = $a;\nconst { b: c } = $two_words;\na(c);\n})();\n"
        )
    }


def test_what_is_loaded_later_has_what_was_loaded_at_first_from_there(tmp_path: Path) -> None:
    made = scripts(
        written(
            tmp_path,
            main='import { a } from "./a.js";\na(() => import("./later.js"));\n',
            a="export const a = (load) => load();\n",
            b="export const b = 2;\n",
            later='import { a } from "./a.js";\nimport { b } from "./b.js";\nexport const c = a(b);\n',
        ),
        "main.js",
    )

    assert made["main.js"].endswith('a(() => import("./later.js"));\n})();\nexport { $a };\n')
    assert made["later.js"] == (
        'import { $a } from "./main.js";\n'
        "// b.js\nconst $b = (() => {\nconst b = 2;\nreturn { b };\n})();\n"
        "// later.js\nconst $later = (() => {\n"
        "const { a } = $a;\nconst { b } = $b;\nconst c = a(b);\nreturn { c };\n})();\n"
        "export const { c } = $later;\n"
    )


@pytest.mark.parametrize(
    ("main", "fault"),
    [
        ('import { a } from "./a.js";\nimport("./a.js");\n', "a.js is loaded at first, and later again"),
        ('import("./b.js");\n', "b.js is loaded later, and loads a.js later still"),
    ],
)
def test_what_would_be_loaded_twice_is_refused(tmp_path: Path, main: str, fault: str) -> None:
    directory = written(tmp_path, main=main, a="export const a = 1;\n", b='import("./a.js");\n')

    with pytest.raises(PageBundleError, match=fault):
        scripts(directory, "main.js")


@pytest.mark.parametrize(
    "source",
    [
        'import * as a from "./a.js";',
        'import a from "./a.js";',
        'import "./a.js";',
        'import { a } from "elsewhere";',
        "const a = await import(`./${name}.js`);",
        'const a = await import("elsewhere");',
        "const here = import.meta.url;",
        "export default 1;",
        "export let changing = 1;",
        'export { a } from "./a.js";',
        'export * from "./a.js";',
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, source: str) -> None:
    directory = written(tmp_path, a="export const a = 1;\n", main=f"// The first.\n{source}\n")

    with pytest.raises(PageBundleError, match=r"main\.js: .* is not understood"):
        scripts(directory, "main.js")


def test_a_circle_is_refused(tmp_path: Path) -> None:
    directory = written(tmp_path, a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n')

    with pytest.raises(PageBundleError, match=r"a\.js → b\.js → a\.js"):
        scripts(directory, "a.js")


def test_styles_stand_where_they_are_imported(tmp_path: Path) -> None:
    (tmp_path / "main.css").write_text('/* All. */\n@import "./a.css";\n@import "./b-c.css";\n')
    (tmp_path / "a.css").write_text("p { color: red; }\n")
    (tmp_path / "b-c.css").write_text("p { color: blue; }\n")

    assert style(tmp_path, "main.css") == "/* All. */\np { color: red; }\np { color: blue; }\n"


def test_the_pages_own_sources_are_all_in_one_of_them() -> None:
    """The gallery's, and that of operators, share some."""
    used: set[str] = set()
    for entry in ("main", "status"):
        made, styles = scripts(DIRECTORY, f"{entry}.js"), style(DIRECTORY, f"{entry}.css")
        by_name = {name: re.findall(r"^// ([\w-]+\.js)$", text, re.MULTILINE) for name, text in made.items()}
        modules = [module for those in by_name.values() for module in those]
        assert len(modules) == len(set(modules))
        assert all(those[-1] == name for name, those in by_name.items())
        assert "@import" not in styles
        sheets = [path.name for path in DIRECTORY.glob("*.css") if path.read_text(encoding="utf-8") in styles]
        used |= {*modules, *sheets}

    entries = {"main.css", "status.css"}
    assert used | entries == {path.name for kind in ("*.js", "*.css") for path in DIRECTORY.glob(kind)}


def test_comments_stay_at_home_and_text_that_looks_like_one_goes_along(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text(
        "// What it is.\n/**\n * More * of it.\n */\nconst at = 'https://a.example'; // beside\n  // within\n"
        "const last = 1 /* 2 */;\n"
    )

    assert scripts(tmp_path, "main.js")["main.js"] == (
        "// main.js\nconst $main = (() => {\nconst at = 'https://a.example'; // beside\n"
        "const last = 1 /* 2 */;\n})();\n"
    )
