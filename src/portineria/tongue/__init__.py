"""In which language people are answered: whole English sentences in, theirs out.

**sentence** what the code says, in English, whole · **template** a sentence with slots for its
values · **catalogue** the templates of one language, in `it/*.po` · **say** a sentence in the
language of whoever asks. What has no entry stays English. Read `say.py` first.
"""
