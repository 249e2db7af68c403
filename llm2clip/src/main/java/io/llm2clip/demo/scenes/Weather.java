package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

/** The weather; only {@link #CLEAR} and {@link #CLOUDS} leave the sun or the moon visible. */
public enum Weather {
    CLEAR(either("the weather is clear", "it is fair", "it is fine outside")),
    CLOUDS(either("a few clouds drift by", "cumulus is above", "billows pass above")),
    RAIN(either("rain is falling", "it is pouring", "a shower comes down")),
    SNOWFALL(either("snow is falling", "flakes tumble down", "a blizzard has set in")),
    FOG(either("thick fog hides the view", "mist veils it all", "a haze blurs it all"));

    private final Words sentence;

    Weather(Words sentence) {
        this.sentence = sentence;
    }

    Words sentence() {
        return sentence;
    }

    boolean showsOrb() {
        return this == CLEAR || this == CLOUDS;
    }
}
