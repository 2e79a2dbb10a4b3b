"""Many modules become one script: in order, each once, and nothing that is not understood."""

import re
from pathlib import Path

import pytest

from query_api.endpoints.page import DIRECTORY, PageBundleError, script, style


def written(directory: Path, **sources: str) -> Path:
    for name, source in sources.items():
        (directory / f"{name.replace('_', '-')}.js").write_text(source, encoding="utf-8")
    return directory


def test_each_module_comes_once_after_those_that_it_needs(tmp_path: Path) -> None:
    made = script(
        written(
            tmp_path,
            main='import { a } from "./a.js";\nimport { b as c } from "./two-words.js";\na(c);\n',
            a='// Of a.\nimport { b } from "./two-words.js";\n\nexport function a(x) { return b + x; }\n',
            two_words="export const b = 1;\nexport async function d() {}\nexport class E {}\n",
        ),
        "main.js",
    )

    assert made == (
        "// two-words.js\nconst $two_words = (() => {\n"
        "const b = 1;\nasync function d() {}\nclass E {}\nreturn { b, d, E };\n})();\n"
        "// a.js\nconst $a = (() => {\n"
        "const { b } = $two_words;\n\nfunction a(x) { return b + x; }\nreturn { a };\n})();\n"
        "// main.js\nconst $main = (() => {\n"
        "const { a } = $a;\nconst { b: c } = $two_words;\na(c);\n})();\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        'import * as a from "./a.js";',
        'import a from "./a.js";',
        'import "./a.js";',
        'import { a } from "elsewhere";',
        'const a = await import("./a.js");',
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
        script(directory, "main.js")


def test_a_circle_is_refused(tmp_path: Path) -> None:
    directory = written(tmp_path, a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n')

    with pytest.raises(PageBundleError, match=r"a\.js → b\.js → a\.js"):
        script(directory, "a.js")


def test_styles_stand_where_they_are_imported(tmp_path: Path) -> None:
    (tmp_path / "main.css").write_text('/* All. */\n@import "./a.css";\n@import "./b-c.css";\n')
    (tmp_path / "a.css").write_text("p { color: red; }\n")
    (tmp_path / "b-c.css").write_text("p { color: blue; }\n")

    assert style(tmp_path, "main.css") == "/* All. */\np { color: red; }\np { color: blue; }\n"


def test_the_pages_own_sources_are_all_in_one_of_them() -> None:
    """The gallery's, and that of operators, share some."""
    used: set[str] = set()
    for entry in ("main", "status"):
        made, styles = script(DIRECTORY, f"{entry}.js"), style(DIRECTORY, f"{entry}.css")
        modules = re.findall(r"^// ([\w-]+\.js)$", made, re.MULTILINE)
        assert len(modules) == len(set(modules))
        assert modules[-1] == f"{entry}.js"
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

    assert script(tmp_path, "main.js") == (
        "// main.js\nconst $main = (() => {\nconst at = 'https://a.example'; // beside\n"
        "const last = 1 /* 2 */;\n})();\n"
    )
