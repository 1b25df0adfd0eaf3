"""The languages of the pages: what is found in the sources, what each catalogue holds, and how one more comes about."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings

from config import catalogues, languages

COMPLETE = ["ko"]  # beside English, in which the sources are written; any other may be on its way
TRANSLATING = {"_", *(name for name in catalogues.KEYWORDS if "gettext" in name)}
PRINTF = re.compile(r"%(?:\((\w+)\))?[0-9.]*([dfgrs%])")
SPEAKS = re.compile(r"""\{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")


@pytest.fixture(scope="module")
def found() -> Catalog:
    return catalogues.messages_of(catalogues.sources())


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Another folder of catalogues, of one page's sentences."""
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    monkeypatch.setattr(catalogues, "sources", lambda: [catalogues.ROOT / "templates/base.html"])
    return tmp_path


def of(catalogue: Catalog) -> dict[tuple[str | None, str], Message]:
    """The messages by what tells them apart; a plural goes by its singular."""
    return {(message.context, forms_of(message.id)[0]): message for message in catalogue if message.id}


def forms_of(said: str | tuple[str, ...] | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


def placeholders(text: str) -> set[str]:
    """The names that are filled in, in either way of writing them; `%%` is no place."""
    percent = {name or kind for name, kind in PRINTF.findall(text) if kind != "%"}
    return percent | {name for _before, name, _form, _how in Formatter().parse(text) if name}


# --- what is found ------------------------------------------------------------------------------------------------
def test_every_way_of_speaking_in_a_template_is_found(tmp_path):
    template = tmp_path / "page.html"
    template.write_text(
        """{% load i18n %}
        {# Translators: on a button #}
        <b title="{% translate 'Go &amp; see' %}">{% translate "Plain" as plain %}{{ plain }}</b>
            {% translate "Open" context "a verb" %}
    {% blocktranslate count number=things|length asvar said %}{{ number }} thing{% plural %}{{ number }} things{% endblocktranslate %}
        {% blocktranslate trimmed with name=person.name %}
            Hello
            {{ name }}, 50 %
        {% endblocktranslate %}
        {{ label|default:_("Go on") }} isn't "code" ( [ {
        """
    )
    messages = of(catalogues.messages_of([template]))
    assert set(messages) == {
        (None, "Go &amp; see"),
        (None, "Plain"),
        ("a verb", "Open"),
        (None, "%(number)s thing"),
        (None, "Hello %(name)s, 50 %%"),
        (None, "Go on"),
    }
    assert messages[None, "%(number)s thing"].id == ("%(number)s thing", "%(number)s things")
    assert messages[None, "Go &amp; see"].auto_comments == ["Translators: on a button"]


def test_every_way_of_speaking_in_a_program_is_found(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "# Translators: to a person\n"
        '_("One sentence "\n  "in two lines.")\n'
        'gettext_lazy("Later")\nngettext("%(n)d day", "%(n)d days", n)\npgettext("a month", "May")\n'
        'NOBODY = said("Nobody.")\nprint("to the terminal")\n'
    )
    messages = of(catalogues.messages_of([program]))
    assert set(messages) == {
        (None, "One sentence in two lines."),
        (None, "Later"),
        (None, "%(n)d day"),
        ("a month", "May"),
        (None, "Nobody."),
    }
    assert messages[None, "One sentence in two lines."].auto_comments == ["Translators: to a person"]


def test_whatever_the_templates_say_is_found(found):
    """Counted in another way, so that what cannot be read is not passed over in silence."""
    said = {
        single or double
        for path in catalogues.sources()
        if path.suffix == ".html"
        for single, double in SPEAKS.findall(path.read_text(encoding="utf-8"))
    }
    assert len(said) > 300
    assert {text for text in said if (None, text.replace("%", "%%")) not in of(found)} == set()


def test_nothing_is_put_into_a_sentence_before_it_is_looked_up():
    """An f-string or a sentence that is filled in inside the call has no translation, and nothing would say so."""
    wrong = [
        f"{path.relative_to(catalogues.ROOT)}:{call.lineno}"
        for path in catalogues.sources()
        if path.suffix == ".py"
        for call in calls_that_translate(ast.parse(path.read_text(encoding="utf-8")))
        if any(isinstance(given, ast.JoinedStr | ast.BinOp) for given in call.args[:2])
    ]
    assert wrong == []


def calls_that_translate(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TRANSLATING:
            yield node


# --- what each language says --------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", catalogues.begun())
def test_what_is_read_is_what_was_translated(language):
    """django.mo is django.po compiled: `make messages` does it."""
    compiled = catalogues.source_of(language).with_suffix(".mo").read_bytes()
    assert compiled == catalogues.compiled(catalogues.read(language)), "run make messages"


@pytest.mark.parametrize("language", catalogues.begun())
def test_a_translation_fills_in_what_the_sentence_does(language):
    wrong = []
    for message in catalogues.read(language):
        if message.id and catalogues.has_words(message.string) and not message.fuzzy:
            wanted = placeholders(forms_of(message.id)[-1])
            wrong += [said for said in forms_of(message.string) if placeholders(said) != wanted]
    assert wrong == []


@pytest.mark.parametrize("language", catalogues.begun())
def test_a_translation_has_every_form_of_its_plural_and_the_space_around_it(language):
    catalogue = catalogues.read(language)
    wrong = []
    for message in catalogue:
        if not message.id or not catalogues.has_words(message.string):
            continue
        forms, said = forms_of(message.id), forms_of(message.string)
        if message.pluralizable and len(said) != catalogue.num_plurals:
            wrong.append(forms[0])
        if any(form.startswith("\n") != forms[0].startswith("\n") for form in said):
            wrong.append(forms[0])
    assert wrong == []


@pytest.mark.parametrize("language", COMPLETE)
def test_a_complete_language_has_words_for_everything(language, found):
    has = of(catalogues.read(language))
    assert set(of(found)) - set(has) == set(), "run make messages, and translate what is new"
    assert set(has) - set(of(found)) == set(), "run make messages: these are said nowhere any more"
    assert [key for key, message in has.items() if not catalogues.has_words(message.string)] == []
    assert [key for key, message in has.items() if message.fuzzy] == []


def test_every_catalogue_is_offered_and_english_always():
    codes = [code for code, _name in settings.LANGUAGES]
    assert codes[0] == "en"
    assert {code.replace("-", "_").lower() for code in codes[1:]} == {name.lower() for name in catalogues.begun()}
    assert dict(settings.LANGUAGES)["ko"] == "한국어"


# --- a further language -------------------------------------------------------------------------------------------
def test_a_language_is_a_folder_and_may_be_incomplete(elsewhere, capsys):
    catalogues.main(["fr"])
    assert languages.offered(elsewhere) == [("en", "English"), ("fr", "français")]
    said = capsys.readouterr().out
    assert re.fullmatch(r"fr: (\d+) messages, \1 without words, 0 to be looked at again\n", said)
    french = catalogues.read("fr")
    french["Projects"].string = "Projets"
    catalogues.write("fr", french)
    catalogues.main([])
    again = catalogues.read("fr")
    assert (again["Projects"].string, again["Log out"].string) == ("Projets", "")
    assert again.num_plurals == 2


def test_a_sentence_that_changed_keeps_its_words_to_be_looked_at_again(elsewhere, tmp_path):
    program = tmp_path / "program.py"
    program.write_text('_("You have left the project today.")')
    french = catalogues.merged(catalogues.read("fr"), catalogues.messages_of([program]))
    french["You have left the project today."].string = "Vous avez quitté le projet."
    program.write_text('_("You have left the project just now.")')
    changed = catalogues.merged(french, catalogues.messages_of([program]))["You have left the project just now."]
    assert (changed.string, changed.fuzzy) == ("Vous avez quitté le projet.", True)
    catalogues.write("fr", french)
    assert b"Vous avez" not in catalogues.source_of("fr").with_suffix(".mo").read_bytes()


def test_written_twice_it_is_the_same_file(elsewhere):
    catalogues.main(["pt_BR"])
    first = catalogues.source_of("pt_BR").read_bytes()
    catalogues.main([])
    assert catalogues.source_of("pt_BR").read_bytes() == first
    assert languages.offered(elsewhere)[-1] == ("pt-br", "Português Brasileiro")
