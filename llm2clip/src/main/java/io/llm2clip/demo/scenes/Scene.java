package io.llm2clip.demo.scenes;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a picture shows and a caption may tell.
 *
 * @param seed names the scene; what is left open here (clouds, towers, word choices) is drawn from streams of it
 * @param orb sun or moon, null where none is visible
 * @param horizon y of the horizon in pixels of 128
 * @param objects ground objects first, then flying ones
 */
public record Scene(
        long seed,
        Setting setting,
        Light light,
        Weather weather,
        @Nullable Orb orb,
        int horizon,
        List<SceneObject> objects) {

    public Scene {
        objects = List.copyOf(objects);
    }

    /** Random numbers for {@code purpose}, independent of those that made the scene. */
    SceneRandom random(long purpose) {
        return new SceneRandom(seed).stream(purpose);
    }
}
