package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

/** What is printed on an object's body. */
public enum Pattern {
    PLAIN(either("plain", "solid", "unadorned")),
    STRIPED(either("striped", "banded", "lined")),
    DOTTED(either("dotted", "speckled", "spotted")),
    CHECKED(either("checked", "plaid", "gridded"));

    private final Words words;

    Pattern(Words words) {
        this.words = words;
    }

    Words words() {
        return words;
    }
}
