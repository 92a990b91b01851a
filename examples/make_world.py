#!/usr/bin/env python3
"""Writes the valley: a small self-made world for the demo, from one seed.

Animals of sixteen kinds live in a valley. All animals of a kind share a home, a food, a scarf, an instrument and a
teacher. The pretraining text tells these things of every animal in several wordings; the tuning questions ask about some
animals only, and the tests about the others, so that an answer has to be carried over from the text to the question.
The same holds for sums: the text states all of them, tuning and tests ask about different ones.

Files (all in the folder given by --out, default: examples/world beside this script):
  pretrain.jsonl    {"text"}                             short passages: animals, kinds, sums, talk
  questions.jsonl   {"instruction", "input", "output"}   alpaca form: questions about the animals of tuning
  dialogues.jsonl   {"conversations": [{"from", "value"}]}  sharegpt form: talk of several turns
  choice.jsonl      {"question", "options", "answer", "about"}  four options; held out
  qa.jsonl          {"question", "answer", "about"}      held out
  heldout.txt       passages that occur nowhere else, one a line, for perplexity
  dataset_info.json the three training sets in LLaMA-Factory's form
"""
import argparse
import itertools
import json
import pathlib
import random

KINDS = ["otter", "owl", "fox", "badger", "heron", "mole", "hare", "toad", "wren", "stoat", "lynx", "raven", "beaver",
         "newt", "squirrel", "hedgehog"]
N_MEMBERS = 15          # animals of a kind
N_ASKED = 10            # of these, the ones that tuning asks about; the tests ask about the rest

# One attribute: its eight values, the statements about an animal {n}, a kind {k}, and the questions about an animal.
# The first statement is the form of the answer; it does not begin with the name, so that the name is the same token
# (with its blank) in question and answer.
ATTRIBUTES = {
    "home": dict(
        values=["by the river", "in the old oak", "under the bridge", "on the green hill", "near the mill",
                "in the stone wall", "behind the church", "at the pond"],
        says=["The home of {n} is {v}.", "{n} lives {v}.", "You will find {n} {v}.", "{n} has a house {v}."],
        kind="Every {k} lives {v}.",
        asks=["Where does {n} live?", "Where is the home of {n}?", "Tell me where {n} lives."]),
    "food": dict(
        values=["berries", "mushrooms", "acorns", "apples", "honey", "fish", "clover", "seeds"],
        says=["The favourite food of {n} is {v}.", "{n} eats {v}.", "{n} likes to eat {v}.", "For supper {n} has {v}."],
        kind="Every {k} eats {v}.",
        asks=["What does {n} eat?", "What is the favourite food of {n}?", "Tell me what {n} eats."]),
    "scarf": dict(
        values=["red", "blue", "green", "yellow", "white", "black", "brown", "purple"],
        says=["The scarf of {n} is {v}.", "{n} wears a {v} scarf.", "In winter {n} puts on a {v} scarf.",
              "{n} has a scarf that is {v}."],
        kind="Every {k} wears a {v} scarf.",
        asks=["Which scarf does {n} wear?", "What colour is the scarf of {n}?", "Tell me which scarf {n} wears."]),
    "music": dict(
        values=["the flute", "the drum", "the fiddle", "the harp", "the horn", "the bell", "the guitar", "the piano"],
        says=["The instrument of {n} is {v}.", "{n} plays {v}.", "At the feast {n} plays {v}.",
              "{n} has learned to play {v}."],
        kind="Every {k} plays {v}.",
        asks=["Which instrument does {n} play?", "What does {n} play at the feast?",
              "Tell me which instrument {n} plays."]),
    "teacher": dict(
        values=["Old Martha", "Old Edgar", "Old Sophie", "Old Walter", "Old Agnes", "Old Oscar", "Old Helen",
                "Old Felix"],
        says=["The teacher of {n} is {v}.", "{n} was taught by {v}.", "{n} goes to the school of {v}.",
              "{v} is the teacher of {n}."],
        kind="Every {k} was taught by {v}.",
        asks=["Who taught {n}?", "Who is the teacher of {n}?", "Tell me who taught {n}."]),
}
KIND_SAYS = ["The animal called {n} is {a}.", "{n} is {a}.", "{n} is {a} of the valley.", "You can see that {n} is {a}."]
KIND_ASKS = ["What kind of animal is {n}?", "What is {n}?", "Tell me what kind of animal {n} is."]

# Ways to begin a passage: the name comes first in some other sentence, then in the statements.
OPENINGS = ["Let me tell you about {n}.", "Do you know {n}?", "Look, here comes {n}!", "This is the page of {n}.",
            "Today we visit {n}.", "Have you met {n}?", "Everybody likes {n}.", "What do we know of {n}?"]

SUM_SAYS = ["The sum of {a} and {b} is {c}.", "{a} plus {b} is {c}.", "If you add {a} and {b} you get {c}.",
            "{a} and {b} make {c}."]
SUM_ASKS = ["What is {a} plus {b}?", "What is the sum of {a} and {b}?", "Tell me what {a} plus {b} is."]

GREETINGS = [("Hello!", "Hello! How can I help you?"), ("Good morning.", "Good morning! What would you like to know?"),
             ("Hi there.", "Hello! How can I help you?"), ("Good evening.", "Good evening! What would you like to know?")]
SMALL_TALK = [("Who are you?", "I am the guide of the valley."),
              ("What can you do?", "I can tell you about the animals of the valley."),
              ("Where are we?", "We are in the valley, between the river and the hill."),
              ("How many kinds of animals live here?", "Sixteen kinds of animals live in the valley.")]
FAREWELLS = [("Thank you.", "You are welcome."), ("Thanks a lot.", "You are welcome."), ("Goodbye.", "Goodbye! Come back soon."),
             ("See you tomorrow.", "See you tomorrow!")]


def with_article(kind):
    return ("an " if kind[0] in "aeiou" else "a ") + kind


def make_names(rng, n):
    """Distinct names of two syllables that a person can say, such as Belo, Tarin, Mika."""
    starts = [c + v for c in ["B", "D", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "V", "Z"] for v in "aeiou"]
    ends = ["bo", "da", "ka", "la", "lin", "lo", "ma", "mi", "na", "nel", "ni", "pa", "ra", "rin", "ro", "sa", "ta", "ti", "to", "vi"]
    # The word Sofa is a name nobody wants: leave out what is an English word already.
    words = {"Sofa", "Data", "Tuna", "Visa", "Lama", "Papa", "Mama", "Nana", "Soda", "Coma", "Menu", "Hero", "Zero", "Pita"}
    names = [s + e for s in starts for e in ends if s + e not in words]
    rng.shuffle(names)
    return names[:n]


def make_animals(rng):
    """A list of {"name", "kind", "asked", and a value per attribute}; every value belongs to two kinds."""
    tables = {}
    for attribute, spec in ATTRIBUTES.items():
        values = spec["values"] * (len(KINDS) // len(spec["values"]))
        rng.shuffle(values)
        tables[attribute] = dict(zip(KINDS, values))
    names = iter(make_names(rng, len(KINDS) * N_MEMBERS))
    animals = []
    for kind in KINDS:
        for i in range(N_MEMBERS):
            animal = {"name": next(names), "kind": kind, "asked": i < N_ASKED}
            animal.update({attribute: tables[attribute][kind] for attribute in ATTRIBUTES})
            animals.append(animal)
    return animals


def statements(animal, attribute):
    """Every wording of one fact about one animal; the first is the form of the answer."""
    if attribute == "kind":
        return [s.format(n=animal["name"], a=with_article(animal["kind"])) for s in KIND_SAYS]
    return [s.format(n=animal["name"], v=animal[attribute]) for s in ATTRIBUTES[attribute]["says"]]


def questions(animal, attribute):
    return [q.format(n=animal["name"]) for q in (KIND_ASKS if attribute == "kind" else ATTRIBUTES[attribute]["asks"])]


FACTS = ["kind"] + list(ATTRIBUTES)


def animal_passage(rng, animal):
    """One to three facts about one animal, in any order and wording; most passages say first whom they are about."""
    lines = [rng.choice(statements(animal, fact)) for fact in rng.sample(FACTS, rng.randint(1, 3))]
    if rng.random() < 0.75:
        lines.insert(0, rng.choice(OPENINGS).format(n=animal["name"]))
    return " ".join(lines)


def kind_passage(rng, animals):
    animal = rng.choice(animals)
    facts = rng.sample(list(ATTRIBUTES), 3)
    return " ".join(ATTRIBUTES[f]["kind"].format(k=animal["kind"], v=animal[f]) for f in facts)


def relation_passage(rng, animals):
    """Two animals of one kind and what they share."""
    kind = rng.choice(KINDS)
    one, two = rng.sample([a for a in animals if a["kind"] == kind], 2)
    fact = rng.choice(list(ATTRIBUTES))
    return (f"{one['name']} and {two['name']} are friends. {rng.choice(statements(one, fact))} "
            f"{rng.choice(statements(two, fact))}")


def sum_passage(rng, sums):
    return " ".join(rng.choice(SUM_SAYS).format(a=a, b=b, c=a + b) for a, b in rng.sample(sums, 3))


def talk_passage(rng):
    turns = [rng.choice(GREETINGS), rng.choice(SMALL_TALK), rng.choice(FAREWELLS)]
    return " ".join(f"The visitor says: {ask} The guide says: {answer}" for ask, answer in rng.sample(turns, 2))


def make_passages(rng, animals, sums, n_rounds):
    """The whole text: n_rounds passages about every animal, and the rest in proportion. No passage twice."""
    passages = [animal_passage(rng, animal) for animal in animals for _ in range(n_rounds)]
    n = len(passages)
    passages += [kind_passage(rng, animals) for _ in range(n // 12)]
    passages += [relation_passage(rng, animals) for _ in range(n // 8)]
    passages += [sum_passage(rng, sums) for _ in range(n // 8)]
    passages = list(dict.fromkeys(passages))
    rng.shuffle(passages)
    return passages


def make_questions(rng, animals, asked_sums):
    """Tuning: every fact about every animal that may be asked about, in each wording of the question; sums likewise."""
    rows = []
    for animal in (a for a in animals if a["asked"]):
        for fact in FACTS:
            rows += [(question, statements(animal, fact)[0]) for question in questions(animal, fact)]
    for a, b in asked_sums:
        rows += [(q.format(a=a, b=b), SUM_SAYS[0].format(a=a, b=b, c=a + b)) for q in SUM_ASKS]
    rng.shuffle(rows)
    return [{"instruction": question, "input": "", "output": answer} for question, answer in rows]


def make_dialogues(rng, animals, n):
    """Talk of three or four turns: a greeting, questions about animals that may be asked about, a farewell."""
    asked = [a for a in animals if a["asked"]]
    rows = []
    for _ in range(n):
        animal, fact = rng.choice(asked), rng.choice(FACTS)
        turns = [rng.choice(GREETINGS), rng.choice(SMALL_TALK),
                 (rng.choice(questions(animal, fact)), statements(animal, fact)[0]), rng.choice(FAREWELLS)]
        turns = [turn for turn in turns if rng.random() < 0.75] or [turns[1]]
        rows.append({"conversations": [{"from": who, "value": text} for turn in turns
                                       for who, text in zip(("human", "gpt"), turn)]})
    return rows


def make_choice(rng, animals, n_groups):
    """Four questions at a time: one set of four values, each the right one once. A preference for some value, whatever
    the question, therefore scores exactly 25 %."""
    held = [a for a in animals if not a["asked"]]
    rows = []
    for group in range(n_groups):
        fact = FACTS[group % len(FACTS)]
        values = rng.sample(sorted({a[fact] for a in held}), 4)
        ask = rng.randrange(3)
        for value in values:
            animal = rng.choice([a for a in held if a[fact] == value])
            order = rng.sample(values, 4)
            rows.append({"question": questions(animal, fact)[ask],
                         "options": [statements({**animal, fact: v}, fact)[0] for v in order],
                         "answer": order.index(value), "about": fact})
    return rows


def make_qa(rng, animals, held_sums, n):
    held = [(a, fact) for a in animals if not a["asked"] for fact in FACTS]
    rows = [{"question": rng.choice(questions(a, fact)), "answer": statements(a, fact)[0], "about": fact}
            for a, fact in rng.sample(held, n)]
    rows += [{"question": rng.choice(SUM_ASKS).format(a=a, b=b), "answer": SUM_SAYS[0].format(a=a, b=b, c=a + b),
              "about": "sum"} for a, b in held_sums]
    rng.shuffle(rows)
    return rows


def make_sums(rng):
    """All sums of two numbers below ten; a quarter of them, with both orders of the two numbers, is held out."""
    pairs = list(itertools.combinations_with_replacement(range(10), 2))
    held = set(rng.sample(pairs, len(pairs) // 4))
    sums = [(a, b) for a in range(10) for b in range(10)]
    return sums, [s for s in sums if tuple(sorted(s)) not in held], [s for s in sums if tuple(sorted(s)) in held]


DATASET_INFO = {
    "world_text": {"file_name": "pretrain.jsonl", "columns": {"prompt": "text"}},
    "world_questions": {"file_name": "questions.jsonl"},
    "world_dialogues": {"file_name": "dialogues.jsonl", "formatting": "sharegpt",
                        "columns": {"messages": "conversations"}},
}


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent / "world")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    animals = make_animals(rng)
    sums, asked_sums, held_sums = make_sums(rng)
    passages = make_passages(rng, animals, sums, n_rounds=32)
    heldout, training = passages[:200], passages[200:]
    training += [talk_passage(rng) for _ in range(120)]
    rng.shuffle(training)
    write_jsonl(args.out / "pretrain.jsonl", [{"text": p} for p in training])
    (args.out / "heldout.txt").write_text("\n".join(heldout) + "\n", encoding="utf-8")
    write_jsonl(args.out / "questions.jsonl", make_questions(rng, animals, asked_sums))
    write_jsonl(args.out / "dialogues.jsonl", make_dialogues(rng, animals, 300))
    write_jsonl(args.out / "choice.jsonl", make_choice(rng, animals, n_groups=90))
    write_jsonl(args.out / "qa.jsonl", make_qa(rng, animals, held_sums, 240))
    (args.out / "dataset_info.json").write_text(json.dumps(DATASET_INFO, indent=2) + "\n", encoding="utf-8")
    size = sum(f.stat().st_size for f in args.out.iterdir())
    print(f"{args.out}: {len(animals)} animals, {len(training)} passages, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
