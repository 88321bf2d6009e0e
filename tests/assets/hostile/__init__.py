"""Documents that nobody should hand in, named by their defect, each with the expected answer.

kit.py            how a document is made, and what is expected of it
encodings.py      bytes that are no text, or text that no record can hold
syntax.py         what is almost JSON
numbers.py        numbers that readers disagree about
keys.py           keys twice, and keys that mean something elsewhere
nesting.py        brackets, as many as it takes
yaml_texts.py     what YAML knows and JSON does not
forbidden.py      what only Benson may say, in every place
look_alikes.py    the same, written so that only a person reads it
strict_types.py   values of almost the right type
identity.py       agents, ids and times that are somebody else's
completion.py     tasks that were not done, or twice
scope.py          paths that lead elsewhere
pacs.py           work orders by which nothing can be judged
escapes.py        texts that try to get out of where they are quoted
large.py          what is too large to be kept, as recipes
make.py           writes all of it

The expected answers are written by hand from the contract, beside each document.
"""
