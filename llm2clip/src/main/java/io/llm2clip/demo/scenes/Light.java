package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

import java.util.List;

/** The time of day. */
public enum Light {
    DAWN(
            either("at dawn", "in the early morning", "at daybreak"),
            either("the sky is pale pink", "the heavens blush", "the air above is rosy"),
            either("the day is just beginning", "the world is to wake", "a new start is near"),
            either("a soft light falls on everything", "gentle rays touch all", "mild beams are all over")),
    NOON(
            either("at noon", "at midday", "in full daylight"),
            either("the sky is bright blue", "the heavens are azure", "the air above is cobalt"),
            either("strong light fills the scene", "it is all lit up", "rays pour over it all"),
            either("every colour looks vivid", "all hues are fresh", "the tints are bold")),
    SUNSET(
            either("at sunset", "at dusk", "in the evening"),
            either("an orange glow fills the sky", "amber fire burns overhead", "the heavens are ablaze"),
            either("warm colours spread over the land", "reddish tints are all over", "fire tints it all"),
            either("the day is coming to an end", "the work is over", "the lamps will be lit")),
    NIGHT(
            either("at night", "after dark", "in the dark"),
            either("bright stars dot the sky", "sparks are in the heavens", "lights twinkle above"),
            either("deep shadows lie over the land", "gloom is all over", "it is all in gloom"),
            either("most people are asleep now", "all of them dream", "the world dreams"));

    private final Words when;
    private final List<Words> details;

    Light(Words when, Words... details) {
        this.when = when;
        this.details = List.of(details);
    }

    /** "at dawn". */
    Words when() {
        return when;
    }

    /** Sentences that tell what the light does. */
    List<Words> details() {
        return details;
    }
}
