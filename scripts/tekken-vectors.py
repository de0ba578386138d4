#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["mistral_common==1.13.1", "tiktoken==0.14.0"]
# ///
"""Writes texts and their token counts according to Mistral's own tokenizer.

The unit tests of src/route/tekken.rs hold mcr to these counts. A vector is
`[text, times, tokens]`: the text, written so many times in a row, has so many
tokens. The same package versions give the same file.
"""

import argparse
import importlib.metadata
import importlib.resources
import json
import pathlib

from mistral_common.tokens.tokenizers.tekken import Tekkenizer

DATA_FILE = "tekken_240911.json"

CODE = [
    'fn main() {\n    let answer: u64 = 6 * 7;\n    println!("{answer:>8}");\n}\n',
    "impl<'a, T: Clone + Send + 'static> From<&'a [T]> for Stack<T> where T: Default {}",
    "#[derive(Debug, Clone)]\npub struct Point<const N: usize>([f64; N]);\r\n",
    "def fib(n: int) -> int:\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n",
    "@dataclass(frozen=True)\nclass Node:\n\tleft: \"Node | None\" = None\n\tvalue: float = 1e-9\n",
    "async def __aenter__(self): return await self._lock.acquire()  # noqa: E501",
    "const sum = (...xs) => xs.reduce((a, b) => a + b, 0);\nexport default sum;",
    "interface Props<T extends keyof JSX.IntrinsicElements> { as?: T; onClick?(e: MouseEvent): void }",
    "<div className={`row ${active ? 'on' : 'off'}`} data-id={id}>&nbsp;{children}</div>",
    "#include <stdio.h>\n\nint main(void)\n{\n\tprintf(\"%05.2f\\n\", 3.14159);\n\treturn 0;\n}\n",
    "template <typename... Ts> constexpr auto count() noexcept { return sizeof...(Ts); }",
    "if ((p = strchr(s, '/')) != NULL && *++p != '\\0') goto out;",
    "func (s *Server) Serve(l net.Listener) error {\n\tfor {\n\t\tc, err := l.Accept()\n",
    "public static <T extends Comparable<? super T>> void sort(List<T> list) { }",
    "SELECT u.id, COUNT(*) AS n FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY 1 HAVING n > 3;",
    "for f in *.log; do gzip -9 \"$f\" && rm -- \"$f\"; done 2>/dev/null | tee -a out.txt",
    "#!/usr/bin/env bash\nset -euo pipefail\nIFS=$'\\n\\t'\n",
    "services:\n  web:\n    image: nginx:1.27\n    ports:\n      - \"8080:80\"\n",
    '{"type": "function", "function": {"name": "read_file", "parameters": {"type": "object"}}}',
    '{"a":[1,2,3],"b":{"c":null,"d":[true,false]},"e":-1.5e+10}',
    "[package]\nname = \"mcr\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root attr='1'><!-- note --><a/></root>",
    "body > .card:not(:last-child)::after { margin: 0 auto !important; color: #ff8800; }",
    "diff --git a/src/lib.rs b/src/lib.rs\n@@ -1,3 +1,4 @@\n-old line\n+new line\n unchanged\n",
    "\\begin{align} \\int_0^\\infty e^{-x^2}\\,dx &= \\frac{\\sqrt{\\pi}}{2} \\end{align}",
    "main :: IO ()\nmain = mapM_ print . takeWhile (< 100) $ iterate (* 2) 1\n",
    "(defun fact (n) (if (<= n 1) 1 (* n (fact (- n 1)))))",
    "Get-ChildItem -Recurse | Where-Object { $_.Length -gt 1MB } | Format-Table -AutoSize\r\n",
    "FROM rust:1.95-slim AS build\nRUN --mount=type=cache,target=/usr/local/cargo/registry cargo build --release\n",
    "Traceback (most recent call last):\n  File \"x.py\", line 12, in <module>\nKeyError: 'id'\n",
    "| name | value |\n|------|------:|\n| pi   | 3.142 |\n\n```rust\nlet x = 1;\n```\n",
    "https://example.org/a/b/../c?q=caf%C3%A9&lang=fr#section-2 and user.name+tag@example.org",
    "camelCaseIdentifier PascalCaseName snake_case_name SCREAMING_SNAKE kebab-case-name HTTPServerError",
    "d41d8cd98f00b204e9800998ecf8427e 550e8400-e29b-41d4-a716-446655440000 0xDEADBEEF 0b1010_1100",
    "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz==",
]

PROSE = [
    "The quick brown fox jumps over the lazy dog.",
    "I'm sure they'll say it's what we've wanted; DON'T ask, he'd've gone. Y'all'd agree.",
    "L'été dernier, nous avons mangé à l'hôtel où naquit l'œuvre, n'est-ce pas ?",
    "« Ça va ? — Oui, très bien… » répondit-elle à Noël, aujourd'hui même.",
    "Die Größe der Straße überraschte Jürgen; Fußgängerübergänge, Öl, Äpfel, STRASSE und GROẞ.",
    "Donaudampfschifffahrtsgesellschaftskapitän Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "¿Dónde está el niño? ¡Mañana comerá jalapeños en Logroño!",
    "O coração não é tão são quanto a ação; à noite, pôs-se a chover.",
    "Perché l'università è così lontana? Città, virtù, caffè.",
    "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. ЁЛКА",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΑΒΓ ἀρχὴ ᾳ ᾼ",
    "İstanbul'da ışık ılık, ığdır; i̇ ve I.",
    "日本語の文章をここに書いて、処理の結果を確かめる。カタカナとひらがな、漢字。",
    "ｶﾀｶﾅ半角と全角ＡＢＣａｂｃ１２３！？　全角空白。ゝゞ々〆ー〜",
    "我能吞下玻璃而不伤身体。今天天气很好，我们去公园散步吧！𠮷野家",
    "나는 유리를 먹을 수 있어요. 그래도 아프지 않아요. 한글",
    "أنا قادر على أكل الزجاج و هذا لا يؤلمني. السَّلَامُ عَلَيْكُمْ ١٢٣",
    "אני יכול לאכול זכוכית וזה לא מזיק לי. שָׁלוֹם",
    "मैं काँच खा सकता हूँ और मुझे उससे कोई चोट नहीं पहुंचती। १२३",
    "ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ ๑๒๓",
    "Tôi có thể ăn thủy tinh mà không hại gì. Tiếng Việt",
    "მინას ვჭამ და არა მტკივა. ᲒᲐᲛᲐᲠᲯᲝᲑᲐ Կրնամ ապակի ուտել",
    "ខ្ញុំអាចញុំកញ្ចក់បាន ကျွန်တော် ཤེལ་སྒོ་ ᠮᠣᠩᠭᠣᠯ",
    "👋 Hello 🌍! 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇫🇷🇩🇪 1️⃣ ☺️ ♥ ✔",
    "Zalgo: h̷̢̛e̸̡͝l̶̨̛l̵̢͠o̴̧͝ — é vs é, ñ vs ñ, Å vs Å vs Å",
    "ﬁn ﬂow ŉ ǅ ǈ ǋ ǲ ᾈ ʰʷ ˆ ª º ⅷ Ⅷ ① ½ ² ₂ 五 〇 ٣ ߁",
    "𝐀𝐁𝐜 𝒳 𝔽 𝟘𝟙 𐐀𐐨 𞤀𞤢 Ⓐⓐ Ǆǆ",
    "5 × 3 ≠ 16 ± 1; ∑ ∫ ∞ ≤ ≥ → ⇒ √2 ≈ 1,414 €12.50 £3 ¥100 ₿ 50 % 3°C",
    "“Quotes” ‘single’ „unten“ ‚eins‘ – dash — long… ·•‣ §12 ¶ † ‡ ™ © ®",
]

EDGES = [
    "", " ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\n\r", " \n", "\n ", " \n ", "  \n\n  \n x",
    "a ", "a  ", " a", "  a", "   a", "\ta", "\t\ta", " \ta", "\t a", "a\t\tb", "a\n\n\nb", "a \n b", "a  \r\n  b",
    " 1", "  1", "   12", "1 2", "\t3", " .", "  .", "   ..", ". \n", ".\n\n", "!?\r\n\r\nx", "./\n/\n//", "a/b//c\n/",
    "\u00a0", "\u00a0\u00a0a", " \u00a0 ", "\u2003x", "\u3000あ", "\u2028", "\u2028\u2029\n", "\u0085", "\u0085a",
    "\u000b\u000c", "\u001c\u001f", "\u200b", "\u200bword", "\u180e", "\ufeff", "\ufeff// file", "\u2060x",
    "\u0000", "a\u0000b", "\u0001\u0002\u007f", "\u0080\u009f", "\u00ad", "so\u00adft", "\ufffd", "\ufffd\ufffd?",
    "\ufffe\uffff", "\U0010ffff", "\ue000\uf8ff", "\U000e0041\U000e007f", "\u202eabc\u202c", "\u2066x\u2069",
    "\u0301", "\u0301\u0301", "\u0301A", "\u0301AA", "\u0301a", "\u0301Aa", "\u03011", "a\u0301b", "A\u0301B", "!\u0301",
    "!!\u0301", " \u0301", "  \u0301", "\n\u0301", "1\u0301", "\u0301 \u0301\n", "\u0903k", "\u20dd", "e\ufe0f",
    "AあA", "AあAAA", "あAAAA", "aあA", "AaA", "AAaa", "aAaA", "ǅa", "aǅ", "ʰA", "Aʰ", "AʰA", "AAʰBB", "-AAあBB", "-あ",
    "123456789", "3.14159", "1,000,000", "1e10", "v1.2.3-rc.4", "٣٤٥", "½¾", "x1y2", "1st 2nd 3rd",
    "'s", "it's", "IT'S", "'S", "''''", "\"\"\"", "```", "~~~~", "====", "----", "____", "....", "****", "////", "\\\\\\\\",
    "<s>", "</s>", "[INST]", "[/INST]", "[INST] hello [/INST]", "<s>[SYSTEM_PROMPT]x[/SYSTEM_PROMPT]", "[TOOL_CALLS]f[ARGS]{}",
    "[AVAILABLE_TOOLS][/AVAILABLE_TOOLS]", "[IMG][IMG_BREAK][IMG_END]", "<pad><unk>", "[THINK][/THINK]", "<|im_start|>",
    "<|endoftext|>", "<SPECIAL_20>", "[PREFIX][MIDDLE][SUFFIX]", "%s %d %n", "\\u0041 \\x00 \\n", "\\ud83d\\ude00",
    "&lt;&amp;#128512;", "%E2%82%AC", "=?UTF-8?B?w6k=?=", "\u001b[31mred\u001b[0m", "\u0007\u0008",
]

# One of each kind that the pattern tells apart.
KINDS = ["A", "a", "字", "\u0301", "7", "!", "/", " ", "\u00a0", "\n"]

# Long enough that joining in quadratic time would be noticed.
LONG = [
    ("a", 200_000), ("Z", 200_000), ("é", 100_000), ("字", 70_000), ("👋", 50_000), ("\u0301", 100_000),
    (" ", 200_000), ("\t", 200_000), ("\n", 200_000), ("\r\n", 100_000), ("\u3000", 70_000), ("\n ", 100_000),
    ("-", 200_000), ("=", 200_000), ("/", 200_000), ("{", 200_000), ("!?", 100_000), ("7", 200_000), (" a", 100_000),
    ("ab", 100_000), ("the", 70_000), ("supercalifragilistic", 10_000), ("日本語文字列処理", 9_000), ("AA字", 50_000),
    ("A\u0301", 70_000),
]


def vectors(tekken: Tekkenizer) -> list[tuple[str, int, int]]:
    """Returns every text with how often it is repeated and how many tokens that makes."""
    kinds = ["".join(first + second + third for third in KINDS) for first in KINDS for second in KINDS]
    cases = [(text, 1) for text in CODE + PROSE + EDGES + kinds] + LONG
    return [(text, times, len(tekken.encode(text * times, bos=False, eos=False))) for text, times in cases]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default="tests/fixtures/tekken/vectors.json",
        help="where to write the vectors [default: %(default)s]",
    )
    arguments = parser.parse_args()

    with importlib.resources.as_file(importlib.resources.files("mistral_common")) as package:
        tekken = Tekkenizer.from_file(package / "data" / DATA_FILE)
    lines = ",\n".join(json.dumps(vector) for vector in vectors(tekken))
    arguments.output.write_text(f"[\n{lines}\n]\n", encoding="ascii")

    for package in ("mistral_common", "tiktoken"):
        print(f"{package} {importlib.metadata.version(package)}")
    print(f"{lines.count(chr(10)) + 1} vectors")


if __name__ == "__main__":
    main()
