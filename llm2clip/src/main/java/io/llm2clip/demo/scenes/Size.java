package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

/** An object's size among its like. */
public enum Size {
    SMALL(either("small", "little", "tiny")),
    LARGE(either("large", "big", "huge"));

    private final Words words;

    Size(Words words) {
        this.words = words;
    }

    Words words() {
        return words;
    }
}
