package io.llm2clip.demo.scenes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SceneRendererTest {
    private static final int SIDE = 64;
    private static final Scene BASE = new Scene(
            7,
            Setting.MEADOW,
            Light.NOON,
            Weather.CLEAR,
            new Orb(Orb.Kind.SUN, Orb.Place.LEFT),
            66,
            List.of(object(Kind.Ground.HOUSE, Colour.BLUE, Pattern.PLAIN, 64)));

    private static SceneObject object(Kind kind, Colour colour, Pattern pattern, int x) {
        return new SceneObject(kind, colour, pattern, Size.LARGE, Slot.CENTRE, x, 105, 48);
    }

    private static Scene with(Setting setting, Light light, Weather weather, SceneObject object) {
        return new Scene(7, setting, light, weather, BASE.orb(), 66, List.of(object));
    }

    @Test
    void everyAttributeShows() {
        SceneObject house = BASE.objects().getFirst();
        List<Scene> scenes = new ArrayList<>();
        for (Setting setting : Setting.values()) {
            scenes.add(with(setting, Light.SUNSET, Weather.CLEAR, house));
        }
        for (Light light : Light.values()) {
            scenes.add(with(Setting.MEADOW, light, Weather.CLOUDS, house));
        }
        for (Weather weather : List.of(Weather.CLEAR, Weather.RAIN, Weather.SNOWFALL, Weather.FOG)) {
            scenes.add(with(Setting.MEADOW, Light.NOON, weather, house));
        }
        for (Colour colour : Colour.values()) {
            for (Pattern pattern : Pattern.values()) {
                scenes.add(
                        with(Setting.BEACH, Light.NOON, Weather.CLEAR, object(Kind.Ground.TENT, colour, pattern, 40)));
            }
        }
        for (Kind.Ground kind : Kind.Ground.values()) {
            scenes.add(with(Setting.BEACH, Light.NOON, Weather.CLEAR, object(kind, Colour.RED, Pattern.PLAIN, 80)));
        }
        for (Kind.Sky kind : Kind.Sky.values()) {
            scenes.add(with(Setting.BEACH, Light.NOON, Weather.CLEAR, object(kind, Colour.RED, Pattern.PLAIN, 80)));
        }
        Set<List<Integer>> pictures = new HashSet<>();
        scenes.forEach(scene -> pictures.add(pixels(new SceneRenderer(SIDE).render(scene))));
        assertThat(pictures).hasSameSizeAs(scenes);
    }

    @Test
    void bodyHasItsColourWhereItStands() {
        int rgb = new SceneRenderer(128).render(BASE).getRGB(70, 100);
        assertThat(rgb & 0xff).as("blue").isGreaterThan(150).isGreaterThan((rgb >> 16 & 0xff) + 100);
    }

    @Test
    void sameSceneGivesTheSamePixelsAtAnySize() {
        for (int side : List.of(128, 160)) {
            BufferedImage first = new SceneRenderer(side).render(BASE);
            assertThat(first.getWidth()).isEqualTo(side);
            assertThat(first.getHeight()).isEqualTo(side);
            assertThat(pixels(first)).isEqualTo(pixels(new SceneRenderer(side).render(BASE)));
        }
    }

    @Test
    void refusesSenselessSizes() {
        assertThatThrownBy(() -> new SceneRenderer(8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("An image side of 8 pixels was asked for; choose one in 16..4096.");
    }

    private static List<Integer> pixels(BufferedImage image) {
        int side = image.getWidth();
        List<Integer> pixels = new ArrayList<>();
        for (int value : image.getRGB(0, 0, side, side, null, 0, side)) {
            pixels.add(value);
        }
        return pixels;
    }
}
