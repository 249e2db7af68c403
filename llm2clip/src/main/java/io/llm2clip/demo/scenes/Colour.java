package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

import java.awt.Color;

/** The colour of an object's body. */
public enum Colour {
    RED(214, 48, 49, either("red", "crimson", "scarlet")),
    ORANGE(240, 140, 30, either("orange", "amber", "tangerine")),
    YELLOW(247, 213, 52, either("yellow", "golden", "lemon")),
    GREEN(46, 160, 80, either("green", "emerald", "jade")),
    BLUE(42, 110, 220, either("blue", "azure", "cobalt")),
    PURPLE(132, 70, 190, either("purple", "violet", "plum")),
    PINK(245, 130, 180, either("pink", "rose", "fuchsia")),
    WHITE(245, 245, 240, either("white", "ivory", "cream")),
    BLACK(44, 46, 54, either("black", "ebony", "onyx"));

    private final Color paint;
    private final Words words;

    Colour(int red, int green, int blue, Words words) {
        this.paint = new Color(red, green, blue);
        this.words = words;
    }

    Color paint() {
        return paint;
    }

    Words words() {
        return words;
    }
}
