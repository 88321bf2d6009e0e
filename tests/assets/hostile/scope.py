"""Paths that lead elsewhere: the agent says that it stayed in scope, and each of these says not."""

from __future__ import annotations

from typing import Any, Final

from .kit import Asset, judged, with_result

COMPOSED: Final = "src/caf\N{LATIN SMALL LETTER E WITH ACUTE}"
DECOMPOSED: Final = "src/cafe\N{COMBINING ACUTE ACCENT}"


def _outside(name: str, path: str, words: str = "") -> Asset:
    """Refused by CP-02, though `scope_compliance` is true."""
    return with_result(
        f"scope-{name}", None, "CP-02", words=words, files_modified=["src/app.py", path]
    )


def _inside(name: str, *paths: str) -> Asset:
    """Strange, and still a clean path within the scope."""
    return with_result(f"scope-{name}", files_modified=list(paths))


def _limited(name: str, path: str, *failed: str, words: str = "", **pac: Any) -> Asset:
    """A path that meets other rules."""
    return judged(
        f"scope-{name}", None, *failed, words=words, pac=pac, result={"files_modified": [path]}
    )


ASSETS: Final = [
    _outside("climbs", "../src/app.py", "'..'"),
    _outside("climbs-out-and-in", "src/../src/app.py", "'..'"),
    _outside("climbs-out-further", "src/../../etc/passwd", "'..'"),
    _outside("climbs-at-the-end", "src/..", "'..'"),
    _outside("climbs-alone", "..", "'..'"),
    _outside("climbs-by-backslash", "src\\..\\..\\etc", "backslash"),
    _outside("absolute", "/etc/passwd", "absolute"),
    _outside("absolute-into-the-scope", "/src/app.py", "absolute"),
    _outside("absolute-twice", "//src/app.py", "absolute"),
    _outside("drive", "C:\\src\\app.py", "absolute"),
    _outside("drive-with-a-slash", "C:/src/app.py", "absolute"),
    _outside("drive-without-a-slash", "c:src", "absolute"),
    _outside("share", "\\\\server\\share", "backslash"),
    _outside("file-address", "file:///etc/passwd", ""),
    _outside("home", "~/src/app.py", "'~'"),
    _outside("home-of-root", "~root/app.py", "'~'"),
    _outside("home-inside", "src/~root/app.py", "'~'"),
    _outside("backslash", "src\\app.py", "backslash"),
    _outside("empty", "", "empty"),
    _outside("point", ".", "'.'"),
    _outside("point-first", "./src/app.py", "'.'"),
    _outside("point-inside", "src/./app.py", "'.'"),
    _outside("slash-twice", "src//app.py", "segment"),
    _outside("slash-at-the-end", "src/app/", "segment"),
    _outside("slash-alone", "/", "absolute"),
    _outside("blank", " ", "outside"),
    _outside("blank-first", " src/app.py", "outside"),
    _outside("case-twin", "SRC/app.py", "outside"),
    _outside("prefix-twin", "src2/app.py", "outside"),
    _outside("prefix-twin-of-a-file", "README.md.bak", "outside"),
    _outside("file-as-a-folder", "readme.md/x", "outside"),
    _outside("cyrillic-twin", "sr\N{CYRILLIC SMALL LETTER ES}/app.py", "outside"),
    _outside("full-width-slash", "src\N{FULLWIDTH SOLIDUS}app.py", "outside"),
    _outside("forbidden-inside-allowed", "src/secret/key.pem", "forbidden"),
    _outside("forbidden-folder-itself", "src/secret", "forbidden"),
    _outside("right-to-left-override", "src/\N{RIGHT-TO-LEFT OVERRIDE}yp.ppa", "unprintable"),
    _outside("zero-width-space", "src/\N{ZERO WIDTH SPACE}app.py", "unprintable"),
    _outside("line-feed", "src/app.py\nsrc/other.py", "unprintable"),
    _outside("escape", "src/\x1b[2Japp.py", "unprintable"),
    _outside("delete", "src/app\x7f.py", "unprintable"),
    _outside("5000-characters", "src/" + "x" * 5000, "longer than"),
    _outside("5000-segments", "src" + "/x" * 5000, "longer than"),
    _outside("glob", "*", "outside"),
    _outside("command", "$(touch owned)", "outside"),
    with_result(
        "scope-created-outside", None, "CP-02", words="outside", files_created=["docs/x.md"]
    ),
    with_result(
        "scope-three-thousand-outside",
        None,
        "CP-02",
        words="more",
        files_modified=[f"x/{n}" for n in range(3000)],
    ),
    with_result(
        "scope-last-of-three-thousand",
        None,
        "CP-02",
        words="'etc/passwd'",
        files_modified=[*(f"src/{n}" for n in range(3000)), "etc/passwd"],
    ),
    _limited(
        "composed-for-decomposed",
        f"{COMPOSED}/x",
        "CP-02",
        words="outside",
        allowed_paths=[f"{DECOMPOSED}/"],
    ),
    _limited(
        "decomposed-for-composed",
        f"{DECOMPOSED}/x",
        "CP-02",
        words="outside",
        allowed_paths=[f"{COMPOSED}/"],
    ),
    _limited(
        "no-limit-and-climbs",
        "any/../../x",
        "CP-02",
        words="'..'",
        allowed_paths=[],
        forbidden_paths=[],
    ),
    _limited(
        "no-limit-and-forbidden", "src/secret/x", "CP-02", words="forbidden", allowed_paths=[]
    ),
    _limited(
        "forbidden-is-allowed", "src/app.py", "CP-02", words="forbidden", forbidden_paths=["src"]
    ),
    _limited("no-limit", "any/where.py", allowed_paths=[], forbidden_paths=[]),
    _limited(
        "rule-that-looks-like-a-pattern",
        "src/app.py",
        "CP-02",
        words="outside",
        allowed_paths=["s*/", "[a-z]+"],
    ),
    _inside("percent-encoded", "src/..%2f..%2fetc", "src/%2e%2e"),
    _inside("three-points", "src/.../x", "src/..x", "src/x.."),
    _inside("hidden-file", "src/.git/config"),
    _inside("beside-the-forbidden", "src/secret2/x", "src/Secret/x", "src/secrets.py"),
    _inside("braces", "src/{{ 7*7 }}.py", "src/${HOME}", "src/$(id)", "src/`id`"),
    _inside("markup", "src/<script>.py", "src/|x|.md", "src/[x](y)"),
    _inside("the-same-twice", "src/app.py", "src/app.py"),
    with_result("scope-nothing-touched", files_modified=[]),
]
