"""Makes data sets of emoji: drawings of two vendors, with names and keywords of Unicode's CLDR in English and German.

usage: make.py CLDR GOOGLE TWITTER OUT, the unpacked npm packages cldr-annotations-full, emoji-datasource-google and -twitter.
"""
import json
import pathlib
import random
import sys

from PIL import Image

cldr, google, twitter, out = map(pathlib.Path, sys.argv[1:])
names = {
    language: json.loads((cldr / f"annotations/{language}/annotations.json").read_text("utf-8"))["annotations"]["annotations"]
    for language in ("en", "de")
}


def find(language, characters):
    """Name and keywords; CLDR leaves out the selector of a colored drawing."""
    table = names[language]
    entry = table.get(characters) or table.get(characters.replace("\ufe0f", "")) or {}
    return (entry["tts"][0], entry["default"]) if "tts" in entry else None


def captions(name, keywords):
    """A short and a long caption."""
    others = [keyword for keyword in keywords if keyword.lower() != name.lower()]
    about = ", ".join(others[:-1]) + (" and " if len(others) > 1 else "") + "".join(others[-1:])
    return [name, f"A picture of {name}" + (f", which has to do with {about}." if about else ", seen from near.")]


def write(folder, package, vendor, rows):
    (out / folder / "images").mkdir(parents=True, exist_ok=True)
    with open(out / folder / "captions.jsonl", "w", encoding="utf-8") as lines:
        for file, texts in rows:
            drawing = Image.open(package / f"img/{vendor}/64/{file}").convert("RGBA")
            paper = Image.new("RGBA", drawing.size, "white")
            paper.alpha_composite(drawing)
            paper.convert("RGB").save(out / folder / "images" / file)
            print(json.dumps({"image": f"images/{file}", "captions": texts}, ensure_ascii=False), file=lines)


def write_keywords(file):
    """For stage 1 alone: of every character with four keywords or more, its name, and a sentence that has the keywords but not the name."""
    forms = (
        "This is a picture that has to do with {}, and one would find it under {}.",
        "Somebody who thinks of {} may well want to send this little picture, which is about {}.",
        "A small drawing for messages, made for whatever has to do with {} or with {}.",
    )
    order = random.Random(7)
    with open(file, "w", encoding="utf-8") as lines:
        for number, (_, entry) in enumerate(sorted(names["en"].items())):
            name = entry.get("tts", [""])[0]
            keywords = [keyword for keyword in entry.get("default", []) if keyword != name]
            if name and len(keywords) >= 4:
                order.shuffle(keywords)
                *first, last = keywords[:10]
                print(json.dumps({"captions": [name, forms[number % 3].format(", ".join(first), last)]}, ensure_ascii=False), file=lines)


emoji = {}
for entry in sorted(json.loads((google / "emoji.json").read_text("utf-8")), key=lambda entry: entry["sort_order"]):
    characters = "".join(chr(int(code, 16)) for code in entry["unified"].split("-"))
    english, german = find("en", characters), find("de", characters)
    if english and german and entry["has_img_google"] and entry["has_img_twitter"]:
        emoji.setdefault(english[0], (entry["image"], captions(*english), german[0]))
emoji = list(emoji.values())
held_out = set(random.Random(7).sample(range(len(emoji)), 200))
for part, rows in (
    ("known", [each for number, each in enumerate(emoji) if number not in held_out]),
    ("new", [each for number, each in enumerate(emoji) if number in held_out]),
):
    write(f"google-{part}", google, "google", [(file, english) for file, english, _ in rows])
    # German names that are English ones, such as Sushi, would say nothing.
    foreign = [(file, english, german) for file, english, german in rows if english[0].lower() != german.lower()]
    write(f"twitter-{part}-english", twitter, "twitter", [(file, english[:1]) for file, english, _ in foreign])
    write(f"twitter-{part}-sentences", twitter, "twitter", [(file, english[1:]) for file, english, _ in foreign])
    write(f"twitter-{part}-german", twitter, "twitter", [(file, [german]) for file, _, german in foreign])
write_keywords(out / "keywords.jsonl")
