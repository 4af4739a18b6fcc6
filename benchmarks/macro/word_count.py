"""Text handling: a Markov-like text is made, split, counted and sorted."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def make_text(n):
    stems, state, words = ["ka", "lo", "mi", "tu", "re", "san", "do", "vel"], 7, []
    for _ in range(n):
        state = (state * 48271) % 2147483647
        words.append(stems[state % 8] + stems[state // 8 % 8] + (stems[state // 64 % 8] if state & 256 else ""))
        if state % 11 == 0:
            words[-1] = words[-1].capitalize() + "."
    return " ".join(words)


def main():
    text = make_text(30_000)
    counts, letters, bigrams = {}, {}, {}
    previous = None
    for word in text.lower().replace(".", " .").split():
        counts[word] = counts.get(word, 0) + 1
        if previous is not None:
            bigrams.setdefault(previous, set()).add(word)
        previous = word
    for c in text:
        letters[c] = letters.get(c, 0) + 1
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]
    return top[0], len(counts), max(len(s) for s in bigrams.values()), letters["a"]


if __name__ == "__main__":
    timing.run(main)
