package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

/** The sun or the moon, and where in the sky it stands. */
public record Orb(Kind kind, Place place) {

    /** What shines. */
    public enum Kind {
        SUN(either("the sun", "the daystar", "the solar disc")),
        FULL_MOON(either("a full moon", "a round luna", "a whole luna")),
        CRESCENT(either("a crescent moon", "a lunar sickle", "a thin luna"));

        private final Words noun;

        Kind(Words noun) {
            this.noun = noun;
        }

        Words noun() {
            return noun;
        }
    }

    /** Where it shines; {@code x} is in pixels of 128. */
    public enum Place {
        LEFT(20, either("at the left of the sky", "left in the heavens", "above left")),
        CENTRE(64, either("in the centre of the sky", "midway in the heavens", "above the middle")),
        RIGHT(108, either("at the right of the sky", "right in the heavens", "above right"));

        private final int x;
        private final Words words;

        Place(int x, Words words) {
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
}
