"""README and documentation name what is there, link to what is there, and stay short and plain."""

import re
from functools import cache

import documents
import pytest
import yaml
from runs import ROOT

import prose
import reference_pages

LONGEST = 150  # lines of README
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<page>[^)#\s]*)(#(?P<anchor>[^)\s]+))?\)")
_IMAGE = re.compile(r"!\[[^\]]*\]\((?P<file>[^)\s]+)\)")
_IDENTITY = re.compile(r'id="([^"]+)"|\{ #([\w.-]+) \}')


def pattern_of(path: str) -> str:
    """A path with its places for a name as a glob."""
    return re.sub(r"<\w+>|\{\w+\}", "*", path).rstrip("/")


@cache
def made() -> str:
    """Everything that says which results there are."""
    files = [*ROOT.glob("rules/*.smk"), ROOT / "scripts/halt/paths.py", ROOT / "Makefile", *ROOT.glob("tools/*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize(
    ("page", "path"), sorted({place for place in documents.paths() if not place[1].startswith("results")})
)
def test_every_path_that_a_page_names_is_there(page, path):
    own = {
        re.match(r"# (\S+)\n", block.text)[1]
        for block in documents.blocks("python", "yaml")
        if block.text.startswith("# ")
    }
    assert path in own or list(ROOT.glob(pattern_of(path))), f"{page} names {path}"


def results() -> list[str]:
    return sorted({code for page in documents.PAGES for code in documents.codes(page) if code.startswith("results/")})


@pytest.mark.parametrize("path", results())
def test_every_result_that_a_page_names_is_made(path):
    place = re.split(r"[<{*]", path)[0]
    place = re.sub(r"/\.(.*)\.made$", r"/\1", place)  # the record beside a result
    place = re.sub(r"/(biography|smollm2-135m)/.*", "/", place).removesuffix("provenance.json")
    folder, _, name = place.rpartition("/")
    assert place in made() or (f"{folder}/" in made() and f'"{name}"' in made())


@pytest.mark.parametrize("page", documents.PAGES)
def test_every_link_leads_somewhere(page):
    for link in _LINK.finditer(documents.text(page)):
        if link["page"].startswith("http"):
            continue
        target = ((ROOT / page).parent / link["page"]).resolve() if link["page"] else ROOT / page
        assert target.is_file(), f"{page} links to {link['page']}"
        if link["anchor"]:
            assert link["anchor"] in anchors(target.read_text(encoding="utf-8")), f"{page} links to {link[0]}"
    for image in _IMAGE.finditer(documents.text(page)):
        assert ((ROOT / page).parent / image["file"]).is_file()


def anchors(markdown: str) -> set[str]:
    """The ids of a page's headings and keys, as mkdocs makes them."""
    whole = reference_pages.fill(markdown)
    headings = re.findall(r"^#+ (.*)$", whole, re.MULTILINE)
    slugs = {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}
    return slugs | {one or other for one, other in _IDENTITY.findall(whole)}


def test_every_page_is_in_the_navigation_and_answers_a_question():
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    found = sorted(re.findall(r"[\w-]+\.md", str(navigation)))
    assert found == sorted(file.name for file in (ROOT / "docs").glob("*.md"))
    for name in set(found) - {"index.md"}:
        assert re.search(r"^# .+\n\n\*[^*]+\?\*$", documents.text(f"docs/{name}"), re.MULTILINE), name


def test_the_site_loads_nothing_from_elsewhere():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    assert site["theme"]["font"] is False
    assert site["strict"] is True
    assert "offline" in site["plugins"]
    assets = [*site["extra_css"], *site["extra"]["polyfills"], site["theme"]["favicon"]]
    assert all((ROOT / "docs" / asset).is_file() for asset in assets)


def test_the_tree_in_readme_is_the_tree():
    tree = [block.text for block in documents.blocks("text") if block.page == "README.md"][-1]
    names = [name.strip() for line in tree.splitlines() for name in line.partition("  ")[0].split(",")]
    assert len(names) > 10
    assert not [name for name in names if not list(ROOT.glob(name.rstrip("/")))]


def test_readme_is_short_and_its_first_screen_says_how_to_start():
    lines = documents.text("README.md").splitlines()
    assert len(lines) <= LONGEST
    assert any("make demo" in line for line in lines[:35])


def test_pages_and_descriptions_are_in_plain_english():
    style = yaml.safe_load(prose.STYLE.read_text())
    schema = yaml.safe_load((ROOT / prose.SCHEMA).read_text())
    passages = [*prose.pages(), *prose.descriptions(schema)]
    assert len(passages) > 500
    assert [line for passage in passages for line in prose.faults(passage, style)] == []


def test_docstrings_and_comments_avoid_the_same_words():
    style = yaml.safe_load(prose.STYLE.read_text())
    passages = list(prose.code())
    assert len(passages) > 1500
    assert [line for passage in passages for line in prose.avoided(passage, style["phrases"])] == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""What is.\n\nIt stands behind it."""\n', 1),
        ('def f():\n    """It is made anew."""\n', 2),
        ("a = 1  # the first\nb = 2  # but for this\n", 2),
        ("a = 1\n# One thing, in front\n# of which another stands.\n", 2),
    ],
)
def test_a_remark_of_the_code_is_found_by_its_line(source, line):
    style = yaml.safe_load(prose.STYLE.read_text())
    passages = list(prose.remarks(source, "module.py"))
    found = [line for passage in passages for line in prose.avoided(passage, style["phrases"])]
    assert len(found) == 1
    assert found[0].startswith(f"module.py:{line}:")


def test_names_and_texts_of_the_code_are_no_remarks():
    assert not list(prose.remarks("behind = 'behind'\n", "module.py"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It stands behind the answer.", "found 'behind'"),
        ("A judge, of which nothing is known.", "found 'of which'"),
        ("One " + "word " * 40 + "long.", "42 words in a sentence"),
        ("| a cell | it hangs behind |", "found 'behind'"),
    ],
)
def test_what_is_not_plain_is_found(text, found):
    style = yaml.safe_load(prose.STYLE.read_text())
    lines = [line for passage in prose.passages(text, "page.md") for line in prose.faults(passage, style)]
    assert any(found in line and line.startswith("page.md:1") for line in lines)


def test_code_is_not_read_as_prose():
    style = yaml.safe_load(prose.STYLE.read_text())
    text = "```sh\nmake behind\n```\nThe key `behind` and [a link](behind.md).\n"
    assert not [line for passage in prose.passages(text, "page.md") for line in prose.faults(passage, style)]
