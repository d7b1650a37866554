"""The grammar of queries, and what to say where it stops: a refusal that names the place and what would be right."""

from typing import NoReturn

from lark import Lark, Token, UnexpectedCharacters, UnexpectedToken

from monitor.errors import QueryError
from monitor.match.language.screen import refuse_at

# An operator stands by itself: AND in "AND-gate" is none. TERM must look ahead for operators, or the lexer would
# read the second OR of `a OR OR b` as a word. A comma between digits belongs to the word, so that it can be refused
# as a number: ATLEAST/1(1,500) would have two parts.
GRAMMAR = r"""
start: expression
expression: operand ((AND | OR)? operand)*
operand: (NOT | MINUS)? chain
chain: scoped (NEAR scoped)*
scoped: FIELD? atom
atom: LPAR expression RPAR | at_least | EXACT? STRING | EXACT? TERM | GROUP | FUNCTION
at_least: ATLEAST LPAR expression (COMMA expression)* RPAR

AND.3: /AND(?=[\s()"=#@,-]|$)/
OR.3: /OR(?=[\s()"=#@,-]|$)/
NOT.3: /NOT(?=[\s()"=#@,-]|$)/
NEAR.3: /(?:O?NEAR|W|PRE)\/\d+(?=[\s()"=#@,-]|$)/
ATLEAST.3: /ATLEAST\/\d+(?=\s*\()/
FUNCTION.3: /(?:H?LEAD|HEADLINE|ALLCAPS|NOCAPS|CAPS|AROUND|ATLEAST\d+|BYLINE)(?=\()/
MINUS.3: /-(?=[^\s#-])/
FIELD.2: /(?:title|summary|body|source|url|lang|author|tag):(?!\/\/)/
EXACT.2: /=(?=[^\s()=#-])/
GROUP.2: /@[^\s()",]*/
LPAR: "("
RPAR: ")"
COMMA: ","
STRING: /"[^"]*"(?:~\d+(?=[\s()"#,]|$))?/
TERM: /(?!(?:AND|OR|NOT)(?:[\s()"=#@,-]|$))[^\s()"=#@,-](?:[^\s()",]|(?<=\d),(?=\d))*/
COMMENT: /#[^\n]*/
SPACE: /\s+/
%ignore SPACE
%ignore COMMENT
"""
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))  # all kinds of double quotes are one
LEXER = Lark(GRAMMAR, parser="lalr", lexer="basic")

_MISPLACED = {
    "RPAR": (
        "a term is missing before the closing parenthesis",
        "add one, or remove the operator or the parentheses",
    ),
    "LPAR": ("a parenthesis cannot stand here", "= goes directly before a word or a phrase"),
    "AND": ("AND joins two terms, and the one before it is missing", "add it, or remove AND"),
    "OR": ("OR joins two terms, and the one before it is missing", "add it, or remove OR"),
    "NOT": ("NOT cannot stand here", "write it once, before a term, title: or a parenthesis"),
    "MINUS": ("- cannot stand here", "write it once, directly before a term, title: or a parenthesis"),
    "EXACT": ("= cannot stand here", "write it once, directly before a word or a phrase"),
    "COMMA": ("terms are not separated by commas", "write OR between alternatives"),
}
_STRAY = {
    "=": ("= needs a word or a phrase directly after it", 'as in =ICE or ="CBP One"'),
    "-": ("a dash stands by itself", "-word means NOT word; inside a word a hyphen is fine: cross-border"),
}
FUNCTIONS = (  # of other tools: how their names begin, what to write here
    ("HEADLINE", "write title:(…)"),
    ("HLEAD", "write (title:… OR summary:…)"),
    ("LEAD", "write summary:(…)"),
    ("AROUND", "write NEAR/5 for AROUND(5)"),
    ("BYLINE", "write author:(…)"),
    ("NOCAPS", "there is no such thing; write the words out, and =WORD for capitals only"),
    ("ALLCAPS", 'write = before the word, in these capitals: =RICO or ="CBP ONE"'),
    ("CAPS", 'write = before the word, in these capitals: =Apple or ="CBP One"'),
    ("ATLEAST", "ATLEAST/2(a, b, c) asks for two of three; how often one word occurs is not counted"),
)


def refuse_token(source: str, error: UnexpectedToken) -> NoReturn:
    """Refuse what stands where the grammar has no place for it."""
    token, before = error.token, _before(error)
    if token.type == "$END":
        hint = "add a term after the last operator, or remove the operator"
        refuse_at(source, len(source.rstrip()), "the query ends where a term is expected", hint)
    message, hint = _said(token, before)
    raise QueryError(message, line=token.line or 1, column=token.column or 1, hint=hint)


def refuse_character(error: UnexpectedCharacters) -> NoReturn:
    """Refuse a sign that begins nothing."""
    message, hint = _STRAY.get(str(error.char), (f"{error.char} cannot stand here", "put it in quotes"))
    raise QueryError(message, line=error.line, column=error.column, hint=hint)


def _before(error: UnexpectedToken) -> Token | None:
    """Return the token before the unexpected one, if it was not part of a finished term."""
    stack = getattr(error.state, "value_stack", [])
    return stack[-1] if stack and isinstance(stack[-1], Token) else None


def _said(token: Token, before: Token | None) -> tuple[str, str]:
    text = _clipped(str(token))
    last = before.type if before is not None else ""
    message, hint = _MISPLACED.get(token.type, (f"{text} cannot stand here", "put it in quotes"))
    match token.type:
        case "NOT" | "MINUS" if last == "NEAR":
            message = "NOT cannot stand inside NEAR"
            hint = f"take it out, as in: (a {before} b) AND NOT (a {before} c)"
        case "NEAR" if last in {"NOT", "MINUS"}:
            message, hint = f"{text} joins two terms, and NOT is none", f"write: a AND NOT (a {text} b)"
        case "NEAR":
            message = f"{text} joins two terms, and the one before it is missing"
            hint = f"add it, or remove {text}"
        case "COMMA" if last in {"COMMA", "LPAR"}:
            message, hint = "a part is missing before the comma", "add one, or remove the comma"
        case "RPAR" if last == "COMMA":
            message, hint = "a part is missing after the comma", "add one, or remove the comma"
        case "FIELD":
            hint = "write it once, directly before a term, a phrase or a parenthesis"
        case "GROUP" | "ATLEAST" if last == "EXACT":
            hint = "= goes directly before a word or a phrase"
    return message, hint


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
