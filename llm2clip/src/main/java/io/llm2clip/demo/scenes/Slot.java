package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

import java.util.List;

/** Where an object is; {@code x} is in pixels of 128. */
public enum Slot {
    LEFT(24, either("on the left", "at the left side", "toward the left edge")),
    CENTRE(64, either("in the centre", "in the middle", "halfway across")),
    RIGHT(104, either("on the right", "at the right side", "toward the right edge")),
    UPPER_LEFT(36, either("in the upper left", "at the top left", "near the left top")),
    UPPER_RIGHT(92, either("in the upper right", "at the top right", "near the right top"));

    static final List<Slot> GROUND = List.of(LEFT, CENTRE, RIGHT);
    static final List<Slot> SKY = List.of(UPPER_LEFT, UPPER_RIGHT);

    private final int x;
    private final Words words;

    Slot(int x, Words words) {
        this.x = x;
        this.words = words;
    }

    int x() {
        return x;
    }

    Words words() {
        return words;
    }
}
