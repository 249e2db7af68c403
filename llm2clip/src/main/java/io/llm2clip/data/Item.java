package io.llm2clip.data;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Something to embed, or a piece of input that turned out to be nothing of the kind. */
public sealed interface Item {
    /** What is embedded: "image" or "text"; "line" for input that says neither. */
    String kind();

    /** What it is called in results: the path as it was given, the text itself, or the place of the line. */
    String name();

    /** A name of the user's own choice, under which he finds the vector; null where there is none. */
    @Nullable
    String key();

    /** The key, or else the name. */
    default String label() {
        String key = key();
        return key == null ? name() : key;
    }

    /** An image file. */
    record Image(String name, Path file, @Nullable String key) implements Item {
        @Override
        public String kind() {
            return "image";
        }
    }

    /** A text. */
    record Text(String name, @Nullable String key) implements Item {
        @Override
        public String kind() {
            return "text";
        }
    }

    /**
     * What cannot be embedded.
     *
     * @param kind what it was meant to be
     * @param reason one sentence
     */
    record Unusable(String kind, String name, @Nullable String key, String reason) implements Item {}
}
