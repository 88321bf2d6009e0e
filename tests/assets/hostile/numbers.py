"""Numbers that are none, that two readers read differently, or that only just fit."""

from __future__ import annotations

from typing import Final

from .kit import Asset, lettered, spoilt

SCORE: Final = '"quality_score": 0.9'
TIME: Final = '"execution_time_ms": 1200'
BEYOND: Final = "beyond 2^53"


def _score(name: str, number: str, words: str) -> Asset:
    return spoilt(f"number-{name}", SCORE, f'"quality_score": {number}', words)


def _time(name: str, number: str, words: str) -> Asset:
    return spoilt(f"number-{name}", TIME, f'"execution_time_ms": {number}', words)


def _in_artifacts(name: str, number: str, words: str) -> Asset:
    artifacts = f'"artifacts": {{"deep": [{{"x": {number}}}]}}'
    return spoilt(f"number-{name}", '"notes": "done"', artifacts, words)


def _read_score(name: str, number: str, code: str | None = None, *failed: str) -> Asset:
    """A score that is a number; whether it is a good one is another question."""
    new = f'"quality_score": {number}'
    return lettered(f"number-{name}", code, *failed, old=SCORE, new=new)


def _read_time(name: str, number: str, code: str | None = None) -> Asset:
    return lettered(f"number-{name}", code, old=TIME, new=f'"execution_time_ms": {number}')


def _read_total(name: str, number: str, code: str | None = None, *failed: str) -> Asset:
    new = f'"tasks_total": {number}'
    return lettered(f"number-{name}", code, *failed, old='"tasks_total": 2', new=new)


ASSETS: Final = [
    _score("zero-first", "00.9", "not JSON"),
    _score("plus-first", "+0.9", "not JSON"),
    _score("point-first", ".9", "not JSON"),
    _score("point-last", "1.", "not JSON"),
    _score("point-twice", "0.9.0", "not JSON"),
    _score("decimal-comma", "0,9", "not JSON"),
    _score("exponent-empty", "9e", "not JSON"),
    _score("minus-alone", "-", "not JSON"),
    _score("minus-twice", "--0.9", "not JSON"),
    _time("zero-first-integer", "01200", "not JSON"),
    _time("hexadecimal", "0x4B0", "not JSON"),
    _time("octal", "0o17", "not JSON"),
    _time("underscored", "1_200", "not JSON"),
    _time("of-arabic-digits", "\u0661\u0662", "not JSON"),
    _time("of-full-width-digits", "\uff11\uff12", "not JSON"),
    _score("nan", "NaN", "NaN"),
    _score("infinity", "Infinity", "Infinity"),
    _score("minus-infinity", "-Infinity", "-Infinity"),
    _score("nan-in-lower-case", "nan", "not JSON"),
    _score("too-large", "1e999", "1e999"),
    _score("too-large-below-zero", "-1e999", "-1e999"),
    _in_artifacts("too-large-in-artifacts", "1e400", "1e400"),
    _in_artifacts("nan-in-artifacts", "NaN", "NaN"),
    _in_artifacts("exponent-of-many-digits", "1e" + "9" * 300, "too large"),
    _in_artifacts("integer-beyond-in-artifacts", "-9007199254740993", BEYOND),
    _time("integer-beyond", "9007199254740993", BEYOND),
    _time("integer-beyond-below-zero", "-9007199254740993", BEYOND),
    _time("integer-of-64-bits", "18446744073709551616", BEYOND),
    _time("integer-of-400-digits", "1" * 400, BEYOND),
    _time("integer-of-5000-digits", "7" * 5000, BEYOND),
    _read_time("integer-that-just-fits", "9007199254740992"),
    _read_time("time-of-minus-zero", "-0"),
    _read_time("time-with-a-point", "1200.0", "GS_130"),
    _read_time("time-with-an-exponent", "12e2", "GS_130"),
    _read_time("time-below-zero", "-1", "GS_130"),
    _read_total("total-with-a-point", "2.0", "GS_130", "CP-04"),
    _read_total("total-with-an-exponent", "2e0", "GS_130", "CP-04"),
    _read_total("total-below-zero", "-1", "GS_130", "CP-04"),
    _read_total("total-that-is-huge", "9007199254740992"),
    _read_score("score-with-an-exponent", "9E-1"),
    _read_score("score-of-many-digits", "0.9" + "0" * 1000),
    _read_score("score-that-rounds-to-the-threshold", "0.69999999999999999"),
    _read_score("score-just-below-the-threshold", "0.6999999999999999", None, "CP-03"),
    _read_score("score-minus-zero", "-0.0", None, "CP-03"),
    _read_score("score-that-is-denormal", "1e-320", None, "CP-03"),
    _read_score("score-that-vanishes", "1e-999", None, "CP-03"),
    _read_score("score-just-above-one", "1.0000001", "GS_130", "CP-03"),
    _read_score("score-just-below-zero", "-1e-300", "GS_130", "CP-03"),
    _read_score("score-of-minus-one", "-1", "GS_130", "CP-03"),
    _read_score("score-in-percent", "90", "GS_130", "CP-03"),
    _read_score("score-that-is-huge", "1e308", "GS_130", "CP-03"),
]
