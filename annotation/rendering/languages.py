"""What `colours` knows of languages: how comments and strings look, and which words are the language's own."""

from dataclasses import dataclass

# What is begun is always taken, to the end of the line where a string may not cross it, else of the code: an expression
# that failed late would look again from every next letter.
_HASH = r"#[^\n]*"
_SLASHES = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_DASHES = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
_DOUBLE = r'"(?:[^"\\\n]|\\.)*"?'
_SINGLE = r"'(?:[^'\\\n]|\\.)*'?"
_LETTER = (
    r"'(?:[^'\\\n]|\\[^\n]{1,8})'"  # one character: an apostrophe alone is something else in C++, Rust and Haskell
)
_TICKED = r"`(?:[^`\\]|\\.)*`?"
_TRIPLE = r'"""(?:[^\\]|\\.|\\\Z)*?(?:"""|\Z)|' r"'''(?:[^\\]|\\.|\\\Z)*?(?:'''|\Z)"
_QUOTED = f"{_DOUBLE}|{_SINGLE}"


@dataclass(frozen=True)
class Language:
    comments: str
    strings: str
    keywords: frozenset[str]
    keys: str = "("  # what follows a word that is a name: a call, a key
    sigils: str = ""  # what begins a word that is the language's own
    word: str = ""
    ignores_case: bool = False


def _of(comments: str, strings: str, keywords: str, **more: str | bool) -> Language:
    return Language(comments, strings, frozenset(keywords.split()), **more)  # type: ignore[arg-type]


_C = (
    "auto bool break case char const continue default do double else enum extern false float for goto if inline int long "
    "NULL register return short signed sizeof static struct switch true typedef union unsigned void volatile while"
)
_JAVA = (
    "abstract boolean break byte case catch char class const continue default do double else enum extends false final "
    "finally float for if implements import instanceof int interface long new null package private protected public "
    "record return short static super switch synchronized this throw throws true try var void volatile while yield"
)
_JAVASCRIPT = (
    "abstract any as async await boolean break case catch class const constructor continue debugger declare default "
    "delete do else enum export extends false finally for from function get if implements import in instanceof interface "
    "keyof let namespace never new null number of private protected public readonly return set static string super switch "
    "this throw true try type typeof undefined unknown var void while with yield"
)

LANGUAGES: dict[str, Language] = {
    "bash": _of(
        _HASH, f"{_DOUBLE}|'[^']*(?:'|\\Z)",
        "case cd do done echo elif else esac exit export fi for function if in local read return set shift then until while",
        keys="", sigils="$",
    ),
    "c": _of(rf"{_SLASHES}", f"{_DOUBLE}|{_LETTER}", f"{_C} #include #define #if #ifdef #ifndef #endif #else #pragma", sigils="#"),
    "cpp": _of(
        _SLASHES, f"{_DOUBLE}|{_LETTER}",
        f"{_C} catch class co_await co_return concept constexpr decltype delete explicit export final friend mutable namespace "
        "new noexcept nullptr operator override private protected public requires template this throw try typename using "
        "virtual",
        sigils="#",
    ),
    "csharp": _of(
        _SLASHES, f"{_DOUBLE}|{_LETTER}",
        f"{_JAVA} as async await base decimal delegate event foreach get in internal is lock namespace object operator out "
        "override params readonly ref sealed set string struct using value virtual where",
    ),
    "css": _of(
        r"/\*.*?(?:\*/|\Z)", _QUOTED, "important auto none inherit initial unset", keys=":(", sigils="@", word=r"[^\W\d][\w-]*"
    ),
    "dockerfile": _of(
        _HASH, _QUOTED, "FROM AS RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG HEALTHCHECK SHELL", keys="="
    ),
    "go": _of(
        _SLASHES, f"{_DOUBLE}|{_LETTER}|{_TICKED}",
        "bool break byte case chan const continue default defer else error false float64 for func go goto if import int "
        "interface map nil package range return rune select string struct switch true type uint var",
    ),
    "haskell": _of(
        r"--[^\n]*|\{-.*?(?:-\}|\Z)", f"{_DOUBLE}|{_LETTER}",
        "case class data deriving do else if import in infix instance let module newtype of then type where", keys="",
    ),
    "java": _of(_SLASHES, f"{_TRIPLE}|{_DOUBLE}|{_LETTER}", _JAVA, sigils="@"),
    "javascript": _of(_SLASHES, f"{_QUOTED}|{_TICKED}", _JAVASCRIPT),
    "json": _of(_SLASHES, _DOUBLE, "true false null", keys=":"),
    "julia": _of(
        rf"#=.*?(?:=#|\Z)|{_HASH}", f"{_TRIPLE}|{_DOUBLE}|{_LETTER}",
        "abstract begin break catch const continue do else elseif end export false for function global if import in let local "
        "macro module mutable nothing return struct true try using while", sigils="@",
    ),
    "kotlin": _of(
        _SLASHES, f"{_TRIPLE}|{_DOUBLE}|{_LETTER}",
        f"{_JAVA} as by companion constructor data fun in init inline internal is lateinit object open operator override sealed "
        "suspend typealias val when where", sigils="@",
    ),
    "latex": _of(r"%[^\n]*", "", "", keys="", sigils="\\"),
    "lua": _of(
        r"--\[\[.*?(?:\]\]|\Z)|--[^\n]*", _QUOTED,
        "and break do else elseif end false for function goto if in local nil not or repeat return then true until while",
    ),
    "makefile": _of(_HASH, "", "define else endef endif export ifdef ifeq ifndef ifneq include override", keys=":=", word=r"[^\W\d][\w.-]*"),
    "markup": _of(r"<!--.*?(?:-->|\Z)", _DOUBLE, "", keys="=", word=r"</?[^\W\d][\w:.-]*|/?>|[^\W\d][\w:.-]*", sigils="</>"),
    "matlab": _of(
        r"%[^\n]*", r'"[^"\n]*"?',
        "break case catch classdef continue else elseif end for function global if otherwise parfor persistent return switch "
        "try while",
    ),
    "perl": _of(
        _HASH, _QUOTED,
        "and die else elsif eq for foreach if last local my ne next or our package print return sub unless until use while",
        sigils="$@%",
    ),
    "php": _of(
        rf"{_SLASHES}|{_HASH}", _QUOTED,
        f"{_JAVA} array as echo elseif empty endforeach endif fn foreach function global isset namespace require trait unset use",
        sigils="$",
    ),
    "powershell": _of(
        rf"<#.*?(?:#>|\Z)|{_HASH}", r'"(?:[^"`\n]|`.)*"?' r"|'[^'\n]*'?",
        "begin break catch continue do else elseif end finally for foreach function if in param process return switch throw try "
        "until where while", sigils="$", ignores_case=True, keys="", word=r"[^\W\d][\w-]*",
    ),
    "python": _of(
        _HASH, f"(?:[rbfuRBFU]{{1,2}})?(?:{_TRIPLE}|{_QUOTED})",
        "False None True and as assert async await break case class continue def del elif else except finally for from global "
        "if import in is lambda match nonlocal not or pass raise return self try while with yield", sigils="@",
    ),
    "r": _of(
        _HASH, _QUOTED, "break else FALSE for function if in Inf library NA NaN next NULL repeat return TRUE while",
        word=r"[^\W\d][\w.]*",
    ),
    "ruby": _of(
        _HASH, _QUOTED,
        "alias and begin break case class def do else elsif end ensure extend false for if in include module next nil not or "
        "private raise require rescue retry return self super then true unless until when while yield", sigils="@:",
    ),
    "rust": _of(
        _SLASHES, f"{_DOUBLE}|{_LETTER}",
        "as async await bool break const continue crate dyn else enum extern f32 f64 false fn for i32 i64 if impl in let loop "
        "match mod move mut pub ref return self Self static str String struct super trait true type u32 u64 u8 unsafe use usize "
        "where while", keys="(!",
    ),
    "scala": _of(
        _SLASHES, f"{_TRIPLE}|{_DOUBLE}|{_LETTER}",
        "abstract case catch class def do else enum extends false final finally for given if implicit import lazy match new null "
        "object override package private protected return sealed super then this throw trait true try type using val var while "
        "with yield", sigils="@",
    ),
    "sql": _of(
        _DASHES, r"'[^'\n]*'?",
        "add all alter and as asc avg begin between by case check coalesce commit constraint count create cross default delete "
        "desc distinct drop else end exists false foreign from full group having in index inner insert int integer into is join "
        "key left like limit max min not null numeric offset on or order outer over partition primary references returning right "
        "rollback select set sum table text then true union unique update using values varchar view when where with",
        ignores_case=True,
    ),
    "swift": _of(
        _SLASHES, f"{_TRIPLE}|{_DOUBLE}",
        "as async await break case catch class continue default defer do else enum extension fallthrough false for func guard if "
        "import in init inout is let nil override private protocol public repeat return self static struct super switch throw "
        "throws true try var where while", sigils="@",
    ),
    "toml": _of(rf"{_HASH}|;[^\n]*", f"{_TRIPLE}|{_QUOTED}", "true false", keys="=] ", word=r"[^\W\d][\w.-]*"),
    "yaml": _of(_HASH, _QUOTED, "true false null yes no", keys=":", word=r"[^\W\d][\w.-]*"),
}  # fmt: skip

NAMES = {
    "sh": "bash", "shell": "bash", "zsh": "bash", "console": "bash", "c++": "cpp", "cc": "cpp", "h": "c", "hpp": "cpp",
    "objective-c": "c", "cs": "csharp", "c#": "csharp", "scss": "css", "less": "css", "docker": "dockerfile",
    "golang": "go", "hs": "haskell", "js": "javascript", "jsx": "javascript", "ts": "javascript", "tsx": "javascript",
    "typescript": "javascript", "jsonc": "json", "json5": "json", "kt": "kotlin", "tex": "latex", "make": "makefile",
    "html": "markup", "xml": "markup", "svg": "markup", "vue": "markup", "octave": "matlab", "pl": "perl", "ps1": "powershell",
    "py": "python", "python3": "python", "rb": "ruby", "rs": "rust", "postgresql": "sql", "mysql": "sql", "sqlite": "sql",
    "ini": "toml", "yml": "yaml", "dart": "java",
}  # fmt: skip
