package io.llm2clip.demo.scenes;

import java.util.List;

/** What is said about one image: one short caption and two independent long ones. */
public record Captions(String shortCaption, String firstLong, String secondLong) {

    /** Short, first long, second long. */
    public List<String> all() {
        return List.of(shortCaption, firstLong, secondLong);
    }
}
